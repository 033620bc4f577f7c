export { ApiError, type ApiStatus } from './api-error.ts';
export { apiFailure } from './api-failure.ts';
export {
  applyObject,
  createObject,
  deleteObject,
  getObject,
  patchMerge,
  patchStatus,
  takeOverFields,
  type ApplyAnswer,
} from './calls.ts';
export { loadClusterConfig, type ClusterConfig } from './config.ts';
export { podService } from './in-cluster.ts';
export { homeKubeconfig } from './kubeconfig.ts';
export { digestOf, fieldManager, fullDigestOf, isAppliedAlike, managedDigest } from './digest.ts';
export { Discovery, resourcePath, type Resource } from './discovery.ts';
export { fieldPaths, isClientSide, isFirstManager, managersOf } from './managed-fields.ts';
export { list, metadataListAccept } from './list.ts';
export {
  groupKindOf,
  keyOf,
  kindName,
  objectKey,
  parseKey,
  type GroupKind,
  type KubeObject,
  type ManagedFields,
  type ObjectKey,
  type OwnerReference,
} from './object.ts';
export { Transport, type Account, type RequestRecord, type TransportOptions } from './transport.ts';
export { accountNamed, ownUser } from './who-am-i.ts';
export { WatchCache, type CacheEvent } from './watch-cache.ts';
