/** `pulumi-resource-kubernetes ENGINE`: the program that the Pulumi engine starts for resources of @pulumi/kubernetes. */
import { Provider } from './provider.ts';
import { serve } from './server.ts';

// The engine passes flags of its own (--logtostderr) before its address.
const engine = process.argv.slice(2).findLast((argument) => !argument.startsWith('-')) ?? '';
const provider = new Provider(engine, process.env);
const { port } = await serve(provider, process.env);
process.stdout.write(`${port}\n`);
