/** `pulumi-language-nodejs ENGINE`: the program that the Pulumi engine starts for projects with `runtime: nodejs`. */
import { engineAddress } from '../serve.ts';
import { endWithEngine } from '../life.ts';
import { LanguageHost, serve } from './server.ts';

const host = new LanguageHost(engineAddress(process.argv.slice(2)), process.env);
endWithEngine(() => host[Symbol.asyncDispose]());
const { port } = await serve(host);
process.stdout.write(`${port}\n`);
