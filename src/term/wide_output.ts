/**
 * A terminal whose lines need not be cut.
 *
 * @module
 */
import { ForwardedOutput } from "./forwarded_output.ts";

/** An output as wide as what is written to it. */
export class WideOutput extends ForwardedOutput {
  override get columns(): number {
    return Infinity;
  }
}
