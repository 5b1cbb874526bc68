import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync("src/ui/tokens.css", "utf8");

type Rgb = [number, number, number];

/** Linear light of an OKLCH colour; out-of-gamut channels are cut, as a browser's fallback does. */
function linear(lightness: number, chroma: number, hue: number): Rgb {
  const angle = (hue * Math.PI) / 180;
  const a = chroma * Math.cos(angle);
  const b = chroma * Math.sin(angle);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels: Rgb = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return channels.map((channel) => Math.min(1, Math.max(0, channel))) as Rgb;
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: Rgb, other: Rgb): number {
  const [high, low] = [luminance(one), luminance(other)].sort((left, right) => right - left) as [
    number,
    number,
  ];
  return (high + 0.05) / (low + 0.05);
}

const OKLCH = String.raw`oklch\(([\d.]+) ([\d.]+) (?:([\d.]+)|var\(--hue, 285\))\)`;

/** The colour of a token in the light and in the dark theme. */
function token(name: string, hue = 285): { light: Rgb; dark: Rgb } {
  const match = new RegExp(String.raw`--${name}: light-dark\(${OKLCH}, ${OKLCH}\);`).exec(css);
  if (!match) throw new Error(`no token called ${name}`);
  const [, l1, c1, h1, l2, c2, h2] = match;
  return {
    light: linear(Number(l1), Number(c1), Number(h1 ?? hue)),
    dark: linear(Number(l2), Number(c2), Number(h2 ?? hue)),
  };
}

const GROUNDS = ["canvas", "surface", "raised", "sunken", "hover", "selected"];
const TEXT_PAIRS: [string, string][] = [
  ...GROUNDS.flatMap((ground): [string, string][] => [
    ["text", ground],
    ["muted", ground],
    ["accent-text", ground],
    ["danger-text", ground],
  ]),
  ["on-accent", "accent"],
  ["on-accent", "accent-strong"],
  ["on-accent", "danger"],
  ["text", "own"],
  ["own-muted", "own"],
  ["accent-text", "own"],
  ["danger-text", "own"],
  ["text", "other"],
  ["muted", "other"],
  ["accent-text", "other"],
  ["text", "code"],
  ["accent-text", "code"],
  ["danger-text", "danger-soft"],
  ["text", "danger-soft"],
  ["success-text", "surface"],
  ["success-text", "raised"],
  ["warning-text", "warning-soft"],
  ["text", "warning-soft"],
];

test.each(TEXT_PAIRS)("%s is readable on %s in both themes", (front, ground) => {
  const [one, other] = [token(front), token(ground)];
  expect(contrast(one.light, other.light), "light").toBeGreaterThanOrEqual(4.5);
  expect(contrast(one.dark, other.dark), "dark").toBeGreaterThanOrEqual(4.5);
});

test("every person's colour is readable, whatever the hue", () => {
  const white: Rgb = [1, 1, 1];
  for (let hue = 0; hue < 360; hue += 5) {
    const fill = token("person-fill", hue);
    const text = token("person-text", hue);
    for (const theme of ["light", "dark"] as const) {
      expect(contrast(white, fill[theme]), `fill ${hue} ${theme}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(text[theme], token("other")[theme]), `name ${hue} ${theme}`).toBeGreaterThanOrEqual(
        4.5,
      );
      expect(contrast(text[theme], token("surface")[theme]), `name ${hue} ${theme}`).toBeGreaterThanOrEqual(
        4.5,
      );
    }
  }
});

test("the focus ring stands out from every ground", () => {
  for (const ground of GROUNDS) {
    const [ring, behind] = [token("accent-text"), token(ground)];
    expect(contrast(ring.light, behind.light)).toBeGreaterThanOrEqual(3);
    expect(contrast(ring.dark, behind.dark)).toBeGreaterThanOrEqual(3);
  }
});
