/** `pulumi-resource-kubernetes ENGINE`: the program that the Pulumi engine starts for resources of @pulumi/kubernetes. */
import { endWithEngine } from '../life.ts';
import { engineAddress } from '../serve.ts';
import { Provider } from './provider.ts';
import { serve } from './server.ts';

const provider = new Provider(engineAddress(process.argv.slice(2)), process.env);
endWithEngine(() => provider[Symbol.asyncDispose]());
const { port } = await serve(provider, process.env);
process.stdout.write(`${port}\n`);
