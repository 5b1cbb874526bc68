// Writes the wire's TypeScript types from its JSON Schema: node scripts/codegen.mjs SCHEMA OUT
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const [schemaPath, outPath] = process.argv.slice(2);
if (!schemaPath || !outPath) {
  throw new Error("usage: node scripts/codegen.mjs SCHEMA OUT");
}

const schema = JSON.parse(readFileSync(schemaPath, "utf8"));
const types = await compile(schema, "Wire", {
  // Readers ignore unknown fields, but code that names one is mistaken.
  additionalProperties: false,
  bannerComment: "// Written by `cargo xtask codegen` from the protocol's schema. Do not edit.",
  enableConstEnums: false,
  unreachableDefinitions: true,
  // Bounded arrays would become unions of tuples.
  maxItems: -1,
  style: { printWidth: 100 },
});
writeFileSync(outPath, types);
