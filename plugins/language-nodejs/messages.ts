/** The protocol's messages to and from the values of this folder. */
import type * as wire from '@pulumi/pulumi/proto/language_pb.js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import type { PackageDependency } from '@pulumi/pulumi/proto/plugin_pb.js';
import { programOf } from './program.ts';
import type { RequiredPackage } from './required-packages.ts';
import type { Run } from './run-program.ts';

export function packageDependency(required: RequiredPackage): PackageDependency {
  const { name, version, server, parameterization } = required;
  const dependency = new plugin.PackageDependency();
  dependency.setKind('resource');
  dependency.setName(name);
  dependency.setVersion(version);
  dependency.setServer(server);
  if (parameterization !== undefined) {
    const message = new plugin.PackageParameterization();
    message.setName(parameterization.name);
    message.setVersion(parameterization.version);
    message.setValue(parameterization.value);
    dependency.setParameterization(message);
  }
  return dependency;
}

export function runOf(request: wire.RunRequest, engine: string): Run {
  return {
    program: programOf(request.getInfo()),
    engine,
    monitor: request.getMonitorAddress(),
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    dryRun: request.getDryrun(),
    parallel: request.getParallel(),
    args: request.getArgsList(),
    config: new Map(request.getConfigMap().toArray()),
    secretKeys: request.getConfigsecretkeysList(),
  };
}
