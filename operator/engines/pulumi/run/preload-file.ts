/** Where the scripts are that are loaded before each program; they lie beside this file, in the bundle too. */
import { fileURLToPath } from 'node:url';

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const preload = beside('./preload.cjs');
export const lean = beside('./lean.cjs');
