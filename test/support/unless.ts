/**
 * Tests that need what not every host has.
 *
 * @module
 */

/**
 * The name and the options of a test: `test(...unless(missing, "it works"), body)` skips it where
 * something is missing, and its name then says what. The call of test() stays where the test is:
 * reports name the file of that call.
 */
export function unless(missing: string | null, name: string): [string, { skip: boolean }] {
  return missing === null
    ? [name, { skip: false }]
    : [`${name} (skipped: ${missing})`, { skip: true }];
}
