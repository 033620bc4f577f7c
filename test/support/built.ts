/** The operator and the command line as they ship, built once a test run. */
import { join } from 'node:path';

/** Path of a file of the build: `operator.js`, `plumbline.js`. */
export const built = (file: string): string => join(process.env['PLUMBLINE_TEST_BUILD'] ?? '', file);
