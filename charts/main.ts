/** The program that cdk8s.yaml names: the sample platform and the operator itself. */
import { App } from 'cdk8s';
import { addPolicies, synthesise } from '#constructs';
import { addons } from './addons.ts';
import { platform } from './platform.ts';
import { plumbline } from './plumbline.ts';

const app = new App();
addPolicies(app);
platform(app, { url: 'https://git.example.com/platform.git', branch: 'main', folder: 'charts/dist' });
addons(app);
plumbline(app);
synthesise(app);
