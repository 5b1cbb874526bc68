/** Copies a text; also where the page is served without TLS, where browsers offer no clipboard. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  const before = document.activeElement;
  // Inside an open dialog everything outside of it is inert.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const is_copied = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!is_copied) throw new Error("the browser does not let this page copy");
}
