/** Small letters without accents, so that "Jose" finds "José". */
function fold(text: string): string {
  return text
    .normalize("NFD")
    .replaceAll(/\p{Mn}/gu, "")
    .toLocaleLowerCase();
}

/** Whether each typed word begins a word of the name, or the handle begins with all of it. */
export function matches(query: string, name: string, handle = ""): boolean {
  const wanted = fold(query).trim().replace(/^@/, "");
  if (wanted === "") return true;
  if (handle.startsWith(wanted)) return true;
  const words = fold(name).split(/[\s._-]+/u);
  return wanted.split(/\s+/u).every((part) => words.some((word) => word.startsWith(part)));
}
