export { chartLogin, serveChart, type ChartServer } from './chart-server.ts';
export { FaultProxy, type Fault } from './fault-proxy.ts';
export { cluster, kubeconfig, testNamespace, TestCluster, until, type Found } from './cluster.ts';
export { kubectl } from './kubectl.ts';
export { annotated, configMap, Platform, ready } from './platform.ts';
export { requestsIn, startTestOperator, untilQuiet, type TestOperator } from './operator.ts';
export { editOf, isBack, sendEdit, type Edit } from './hand-edits.ts';
export { TestSource } from './source.ts';
export { startRepository, type TestRepository } from './repository.ts';
export { EngineLog, type Told } from './engine-log.ts';
export { plumbline, plumblineWith, type Said } from './command.ts';
export { FaultPlan, requestFaults, worldFaults, type WorldFault } from './fault-plan.ts';
export { GitModel, keyOfModel, modelStacks, type ModelObject } from './git-model.ts';
export { SeededRandom } from './random.ts';
export { Supervisor } from './supervisor.ts';
export { PulumiProgram, type Ran, type StateResource } from './pulumi-program.ts';
export { PulumiRuns, type Changes } from './pulumi-runs.ts';
export { differencesOf } from './pulumi-agreement.ts';
export { killProcesses, type Victim } from './pulumi-victims.ts';
export { PulumiKills, type KillResult } from './pulumi-kills.ts';
export { MixedModel, mixedNames, mixedStacks, type MixedStack } from './mixed-model.ts';
export { mixedDifferences } from './mixed-agreement.ts';
export {
  haltEngines,
  lockHolder,
  openGate,
  plainProject,
  program,
  pulumiStack,
  runProcesses,
  runsBegun,
  runWithinMs,
  startPulumiOperator,
  stateObjects,
} from './pulumi-platform.ts';
export { SmallDisk } from './small-disk.ts';
