interface TextLimits {
  /** Code points. */
  readonly text: number;
  /** UTF-8. */
  readonly text_bytes: number;
}

export interface Size {
  /** The counter is shown. */
  readonly is_near: boolean;
  readonly n_left: number;
  readonly n_over: number;
}

const NEAR = 0.9;
const encoder = new TextEncoder();

/** How far a text is from what the server takes, in characters, by whichever limit is nearer. */
export function measure(text: string, limits: TextLimits): Size {
  // A code point takes at most two units here and four bytes there, so short texts need no counting.
  if (text.length < limits.text * NEAR && text.length * 3 < limits.text_bytes * NEAR)
    return { is_near: false, n_left: limits.text, n_over: 0 };
  const n_chars = [...text].length;
  const n_bytes = encoder.encode(text).length;
  const over_bytes = n_bytes - limits.text_bytes;
  const bytes_each = Math.max(1, n_bytes / Math.max(1, n_chars));
  const n_left = Math.min(limits.text - n_chars, Math.floor(-over_bytes / bytes_each));
  return {
    is_near: n_chars >= limits.text * NEAR || n_bytes >= limits.text_bytes * NEAR,
    n_left: Math.max(0, n_left),
    n_over: Math.max(0, -n_left),
  };
}
