/** The constructs that platforms are written with. */
export { GitSource, type GitSourceProps } from './git-source.ts';
export {
  addonsAccount,
  approverRole,
  commonAccount,
  infraAccount,
  lookVerbs,
  manageVerbs,
  operatorAccount,
  platformAccount,
  stacksRole,
  systemNamespace,
  tenantLabel,
  tenantRole,
} from './names.ts';
export { LayerAccount, type LayerAccountProps } from './layer-account.ts';
export { PlatformAccounts } from './platform-accounts.ts';
export { addPolicies, brokenPolicies, type CheckedObject } from './policies.ts';
export { Stack, type StackProps } from './stack.ts';
export { filesOf, synthesise } from './synthesise.ts';
export { TenantNamespace, type TenantNamespaceProps, type TenantQuota } from './tenant-namespace.ts';
export { WebService, type Amounts, type ServicePort, type WebServiceProps } from './web-service.ts';
