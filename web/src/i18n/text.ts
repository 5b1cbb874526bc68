// Typed access to the texts. A key that does not exist, or a value that is missing, does not compile.
import { en } from "./en";

/** A text, or one for each plural form; forms are chosen by the value `n`. */
export type Entry = string | ({ readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);

/** A language has every key that English has. */
export type Catalogue = { readonly [Key in TextKey]: Entry };

export type TextKey = keyof typeof en;

type Named<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Named<Rest> : never;
type Names<Key extends TextKey> = (typeof en)[Key] extends string
  ? Named<(typeof en)[Key]>
  : Named<(typeof en)[Key][keyof (typeof en)[Key]]> | "n";

/** What a text needs: `n` is a number, everything else is put in as it is. */
export type Values<Key extends TextKey> = {
  readonly [Name in Names<Key>]: Name extends "n" ? number : string | number;
};

type Arguments<Key extends TextKey> = [Names<Key>] extends [never] ? [] : [values: Values<Key>];

let locale = "en";
let catalogue: Catalogue = en;
let plurals = new Intl.PluralRules(locale);
let numbers = new Intl.NumberFormat(locale);

/** Switches the language; the caller draws the page anew. */
export function speak(next: string, texts: Catalogue): void {
  locale = next;
  catalogue = texts;
  plurals = new Intl.PluralRules(locale);
  numbers = new Intl.NumberFormat(locale);
}

/** The language of texts, dates and numbers. */
export function language(): string {
  return locale;
}

export function number(value: number): string {
  return numbers.format(value);
}

/** "1.2K": for figures that only grow. */
export function compact(value: number): string {
  return new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** The text called `key`, with its values put in. */
export function t<Key extends TextKey>(key: Key, ...[values]: Arguments<Key>): string {
  const given = (values ?? {}) as Readonly<Record<string, string | number>>;
  const entry: Entry = catalogue[key];
  const text = typeof entry === "string" ? entry : (entry[plurals.select(Number(given.n))] ?? entry.other);
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = given[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}
