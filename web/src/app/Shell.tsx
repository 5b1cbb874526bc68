/** The screens for people who are logged in. */
export function Shell() {
  return <main>Voodoo</main>;
}
