/**
 * Models of pages, made of spans as a browser makes them.
 *
 * @module
 */
import { pageData } from "../../src/report/columns.ts";
import { Model } from "../../src/report/page/model.ts";
import { pack, unpack } from "../../src/report/page/packed.ts";
import type { Spans } from "../../src/report/span.ts";

/** The model of a page, through the bytes that stand in it. */
export function modelOf(spans: Spans): Model {
  return new Model(unpack(pack(pageData(spans, 0))));
}
