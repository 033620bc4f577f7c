/** Where the script is that is loaded before each program; it lies beside this file, in the bundle too. */
import { fileURLToPath } from 'node:url';

export const preload = fileURLToPath(new URL('./preload.cjs', import.meta.url));
