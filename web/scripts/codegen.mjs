// Writes the wire's TypeScript types from its JSON Schema: node scripts/codegen.mjs SCHEMA OUT
//
// The schema says "a reference and besides a field `type`"; TypeScript is easiest to read where
// each definition is one interface with one name. So definitions that are only ever frames get
// their tag, and those that are objects too get a second interface, `MessageFrame` beside
// `Message`.
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const BANNER = "// Written by `cargo xtask codegen` from the protocol's schema; never edited.";
const PREFIX = "#/$defs/";
// What the compiler says about every definition, and nobody needs to read.
const ORIGIN = /\n? \*\n \* This interface was referenced by .*\n \* via the `definition` ".*"\./g;
const ONLY_ORIGIN =
  /\/\*\*\n \* This interface was referenced by .*\n \* via the `definition` ".*"\.\n \*\/\n/g;

const [schemaPath, outPath] = process.argv.slice(2);
if (!schemaPath || !outPath) {
  throw new Error("usage: node scripts/codegen.mjs SCHEMA OUT");
}
const schema = JSON.parse(readFileSync(schemaPath, "utf8"));
const bare = new Set(); // definitions that are used without a tag
walk(schema, (node) => {
  if (node.$ref && !isFrame(node)) {
    bare.add(node.$ref);
  }
});
walk(schema, (node) => {
  if (isFrame(node)) {
    nameFrame(node);
  } else if (node.$ref && Object.keys(node).length > 1) {
    keepBeside(node);
  }
});
const types = await compile(schema, "Wire", {
  // Readers ignore unknown fields, but code that names one is mistaken.
  additionalProperties: false,
  bannerComment: BANNER,
  // A bounded list would become a union of tuples.
  maxItems: -1,
  unreachableDefinitions: true,
  style: { printWidth: 110, bracketSpacing: true },
});
writeFileSync(outPath, types.replace(ONLY_ORIGIN, "").replace(ORIGIN, ""));

function isFrame(node) {
  return node.$ref !== undefined && node.properties?.type?.const !== undefined;
}

/** Turns a frame into a mere reference to a definition that has the tag. */
function nameFrame(frame) {
  const plain = frame.$ref.slice(PREFIX.length);
  const name = bare.has(frame.$ref) ? `${plain}Frame` : plain;
  const { properties = {}, required = [], ...rest } = schema.$defs[plain];
  schema.$defs[name] = {
    ...rest,
    properties: { ...frame.properties, ...properties },
    required: [...new Set([...frame.required, ...required])],
  };
  for (const key of Object.keys(frame)) {
    delete frame[key];
  }
  frame.$ref = PREFIX + name;
}

/** A reference with words of its own stays a reference, so that its type keeps its name. */
function keepBeside(node) {
  node.allOf = [{ $ref: node.$ref }];
  delete node.$ref;
}

function walk(node, visit) {
  if (typeof node !== "object" || node === null) {
    return;
  }
  for (const child of Object.values(node)) {
    walk(child, visit);
  }
  if (!Array.isArray(node)) {
    visit(node);
  }
}
