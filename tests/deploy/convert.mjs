// Converts SFDX source as `sf project convert source` does, with the library that it uses.
// node convert.mjs LIBRARY OUT FOLDER...   Sends nothing.
import { pathToFileURL } from "node:url";

const [, , library, out, ...folders] = process.argv;
const { ComponentSet, MetadataConverter } = await import(pathToFileURL(library).href);
const found = ComponentSet.fromSource(folders);
found.sourceApiVersion = "63.0";
await new MetadataConverter().convert(found, "metadata", {
  type: "directory",
  outputDirectory: out,
  genUniqueDir: false,
});
