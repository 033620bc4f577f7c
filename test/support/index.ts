export { FaultProxy, type Fault } from './fault-proxy.ts';
export { cluster, kubeconfig, testNamespace, TestCluster, until } from './cluster.ts';
export { annotated, configMap, Platform, ready } from './platform.ts';
export { requestsIn, startTestOperator, type TestOperator } from './operator.ts';
export { TestSource } from './source.ts';
export { startRepository, type TestRepository } from './repository.ts';
export { plumbline, type Said } from './command.ts';
