/** The screens for people who are not logged in. */
export function Doors() {
  return <main>Log in</main>;
}
