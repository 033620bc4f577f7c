/** The program that cdk8s.yaml names. */
import { App } from 'cdk8s';
import { addPolicies, synthesise } from '#constructs';
import { platform } from './platform.ts';

const app = new App();
addPolicies(app);
platform(app, { url: 'https://git.example.com/platform.git', branch: 'main', folder: 'dist' });
synthesise(app);
