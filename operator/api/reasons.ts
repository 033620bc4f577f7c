/** Every reason that a condition, an event or a failure can carry: what it means, what to do, whether waiting can help. */
import { pulumiReasons } from './pulumi-reasons.ts';

export interface ReasonText {
  /** `backoff`: tried again by itself. `on-change`: stalled until the object, its source or the cluster changes. */
  readonly retry: 'backoff' | 'on-change';
  readonly meaning: string;
  readonly remedy: string;
}

const define = <R extends string>(table: Record<R, ReasonText>): Readonly<Record<R, ReasonText>> => table;

export const reasons = define({
  // Git
  GitUnreachable: {
    retry: 'backoff',
    meaning: 'The Git server did not answer, or answered with a server error.',
    remedy: 'Check the address, DNS, the network policy and the server; the fetch is tried again by itself.',
  },
  GitAuthFailed: {
    retry: 'backoff',
    meaning: 'The Git server refused the credentials, or asked for some.',
    remedy: 'Put valid credentials into the Secret named by spec.secretRef.',
  },
  GitHostKeyRejected: {
    retry: 'backoff',
    meaning: 'The SSH host key is not in known_hosts.',
    remedy: 'Put the host key of the server into the known_hosts entry of the Secret.',
  },
  GitRefNotFound: {
    retry: 'backoff',
    meaning: 'The branch, tag, commit or range of spec.ref is not in the repository.',
    remedy: 'Push the ref, or correct spec.ref; the last good revision stays.',
  },
  GitRepositoryEmpty: { retry: 'backoff', meaning: 'The repository has no commit.', remedy: 'Push a first commit.' },
  GitRepositoryNotFound: {
    retry: 'backoff',
    meaning: 'There is no repository at the address.',
    remedy: 'Correct spec.url, or grant access to it.',
  },
  GitFailed: {
    retry: 'backoff',
    meaning: 'Git failed for a reason of its own.',
    remedy: 'Read the message; it carries what Git said.',
  },
  SourceInvalid: {
    retry: 'on-change',
    meaning: 'The GitSource cannot be used as it is written.',
    remedy: 'Correct the field that the message names.',
  },
  SecretNotFound: {
    retry: 'backoff',
    meaning: 'The Secret with the credentials is missing, or lacks a key.',
    remedy: 'Create the Secret in the namespace of the source.',
  },
  SourceNotFound: {
    retry: 'backoff',
    meaning: 'The source that the stack names does not exist.',
    remedy: 'Create it, or correct spec.sourceRef.',
  },
  SourceNotReady: {
    retry: 'backoff',
    meaning: 'The source has no revision yet.',
    remedy: 'Look at the conditions of the source.',
  },
  CrossNamespaceReference: {
    retry: 'on-change',
    meaning: 'The stack names a source or stack in another namespace, which is not allowed.',
    remedy: 'Move the object, or start the operator with --allow-cross-namespace.',
  },
  RevisionFetched: { retry: 'backoff', meaning: 'The source holds the newest commit.', remedy: 'Nothing to do.' },
  // Files
  PathNotFound: {
    retry: 'on-change',
    meaning: 'The path of the stack is not in the commit.',
    remedy: 'Correct spec.path, or commit the folder.',
  },
  PathInvalid: {
    retry: 'on-change',
    meaning: 'The path leaves the repository.',
    remedy: 'Use a path below the root, without "..".',
  },
  SymlinkEscapes: {
    retry: 'on-change',
    meaning: 'A symbolic link points out of the repository.',
    remedy: 'Replace the link by the file.',
  },
  FileTooLarge: {
    retry: 'on-change',
    meaning: 'A file, or all files together, are over the limit.',
    remedy: 'Split the file, or take it out of the path.',
  },
  DiskFull: {
    retry: 'backoff',
    meaning: 'The data folder of the operator has no room left for a commit, or for a run.',
    remedy: 'Give it more; the work goes on by itself, and what was fetched last stays in use.',
  },
  YamlInvalid: {
    retry: 'on-change',
    meaning: 'A file is not valid YAML or JSON, or uses aliases or nesting beyond the limit.',
    remedy: 'Correct the file at the line that the message names.',
  },
  ObjectInvalid: {
    retry: 'on-change',
    meaning: 'A document is not a Kubernetes object, or the API server refused its content.',
    remedy: 'Correct the field that the message names.',
  },
  DuplicateObject: {
    retry: 'on-change',
    meaning: 'Two documents of one stack describe the same object.',
    remedy: 'Remove or rename one of the two.',
  },
  RenderedEmpty: {
    retry: 'on-change',
    meaning: 'The path holds no object while the stack owns some.',
    remedy: 'Set spec.allowEmpty: true if everything is to be removed.',
  },
  ExpressionInvalid: {
    retry: 'on-change',
    meaning: 'A CEL expression does not compile.',
    remedy: 'Correct the expression that the message names.',
  },
  // Gate
  Suspended: {
    retry: 'on-change',
    meaning: 'The object is suspended.',
    remedy: 'Set spec.suspend: false, or run `plumbline resume`.',
  },
  DependencyNotReady: {
    retry: 'backoff',
    meaning: 'A stack that this one depends on is not ready at its wanted revision.',
    remedy: 'Look at that stack; this one goes on by itself.',
  },
  DependencyNotFound: {
    retry: 'backoff',
    meaning: 'A stack that this one depends on does not exist.',
    remedy: 'Create it, or correct spec.dependsOn.',
  },
  DependencyCycle: {
    retry: 'on-change',
    meaning: 'Stacks depend on each other in a circle.',
    remedy: 'Remove one of the dependencies that the message names.',
  },
  PruneLimitExceeded: {
    retry: 'on-change',
    meaning: 'More objects would be pruned than spec.pruneLimit allows at once.',
    remedy: 'Confirm with the annotation that the message names, or restore the files.',
  },
  AwaitingApproval: {
    retry: 'backoff',
    meaning: 'A plan waits until enough people have agreed to it.',
    remedy: 'Look at it with `plumbline plan show`, then `plumbline approve` or `plumbline reject`.',
  },
  PlanRejected: {
    retry: 'backoff',
    meaning: 'Somebody rejected the plan; nothing of it is applied.',
    remedy: 'Change what is in Git, or let the same person approve.',
  },
  PlanApproved: { retry: 'backoff', meaning: 'The plan may be applied.', remedy: 'Nothing to do.' },
  PlanApplied: { retry: 'backoff', meaning: 'The plan was applied.', remedy: 'Nothing to do.' },
  PlanStale: {
    retry: 'backoff',
    meaning: 'Content, spec or live state moved on, so that what was planned is not what would be done now.',
    remedy: 'Nothing to do: a new plan is made, which may need an approval of its own.',
  },
  PlanTooLarge: {
    retry: 'on-change',
    meaning: 'A plan has more changes than one can hold.',
    remedy: 'Divide the stack, or take spec.approval out of it for this change.',
  },
  ApprovalsUnguarded: {
    retry: 'backoff',
    meaning:
      'The admission policy which proves who approves does not hold, so that no Approval or annotation is trusted.',
    remedy: 'Run `plumbline install`; approvals by signed commit need no policy.',
  },
  // Apply
  UnknownKind: {
    retry: 'backoff',
    meaning: 'The API server does not know the kind.',
    remedy: 'Install its CustomResourceDefinition; the object is applied by itself once it is there.',
  },
  FieldConflict: {
    retry: 'backoff',
    meaning: 'Another manager owns a field that Git sets.',
    remedy: 'Remove the field from Git, make the other manager let go, or set spec.force: true.',
  },
  ImmutableField: {
    retry: 'on-change',
    meaning: 'A field that Git changes can not be changed on a live object.',
    remedy: 'Restore the field, or set spec.recreate: true to delete and create the object.',
  },
  OwnedByOtherStack: {
    retry: 'backoff',
    meaning: 'The object belongs to another stack.',
    remedy: 'Keep it in one of the two stacks.',
  },
  Forbidden: {
    retry: 'backoff',
    meaning: 'The account of the stack may not do this.',
    remedy: 'Grant the verb on the resource to the ServiceAccount.',
  },
  ServiceAccountNotFound: {
    retry: 'backoff',
    meaning: 'The ServiceAccount that the stack applies as does not exist.',
    remedy: 'Create it, or correct spec.serviceAccountName.',
  },
  AdmissionDenied: {
    retry: 'backoff',
    meaning: 'An admission webhook or policy refused the object, or could not be asked.',
    remedy: 'Read what the policy says, and change the object or the policy; start a webhook that is down.',
  },
  QuotaExceeded: {
    retry: 'backoff',
    meaning: 'A ResourceQuota refused the object.',
    remedy: 'Raise the quota, or ask for less.',
  },
  NamespaceNotFound: {
    retry: 'backoff',
    meaning: 'The namespace of the object does not exist.',
    remedy: 'Add the Namespace to Git, or create it.',
  },
  NamespaceTerminating: {
    retry: 'backoff',
    meaning:
      'The namespace of the object is being deleted. As an Event of a Namespace: what a stack that went with it left elsewhere.',
    remedy: 'Wait for the deletion to end, or remove what holds it; delete what was left.',
  },
  ApiUnavailable: {
    retry: 'backoff',
    meaning: 'The API server did not answer, or is overloaded.',
    remedy: 'It is tried again by itself.',
  },
  ApplyFailed: {
    retry: 'backoff',
    meaning: 'One or more objects could not be applied.',
    remedy: 'Read status.failures; every object that failed is named there.',
  },
  PruneFailed: {
    retry: 'backoff',
    meaning: 'One or more objects could not be deleted.',
    remedy: 'Read status.failures.',
  },
  Superseded: {
    retry: 'backoff',
    meaning: 'A newer commit took the place of the one in hand.',
    remedy: 'Nothing to do.',
  },
  TimedOut: {
    retry: 'backoff',
    meaning: 'The work took longer than spec.timeout.',
    remedy: 'Raise spec.timeout, or look at what is slow.',
  },
  Applied: { retry: 'backoff', meaning: 'The cluster is as the commit says.', remedy: 'Nothing to do.' },
  Progressing: { retry: 'backoff', meaning: 'The work is in hand.', remedy: 'Wait, or read the message.' },
  AwaitingHandover: {
    retry: 'backoff',
    meaning: 'Pruning waits until the other stacks of the source have read the commit, so that a moved object is kept.',
    remedy: 'Wait.',
  },
  // Health, drift
  HealthProgressing: {
    retry: 'backoff',
    meaning: 'Objects are applied, but not all are ready yet.',
    remedy: 'Wait, or look at the objects that the message names.',
  },
  HealthFailed: {
    retry: 'on-change',
    meaning: 'An object will not become ready, or did not in time.',
    remedy: 'Look at the object that the message names. The stack is looked at again as soon as the object changes.',
  },
  Healthy: { retry: 'backoff', meaning: 'All objects are ready.', remedy: 'Nothing to do.' },
  DriftFound: {
    retry: 'backoff',
    meaning: 'A live object was changed by somebody else.',
    remedy: 'Commit the change, or let Plumbline put it back (spec.drift.mode: correct).',
  },
  RefreshFoundDrift: {
    retry: 'backoff',
    meaning: 'A refresh of a Pulumi stack found a change that no watch sees.',
    remedy: 'Commit the change, or put it back: by hand, or by drift.mode: correct. The next refresh looks again.',
  },
  DriftHealed: {
    retry: 'backoff',
    meaning: 'A live object that was changed by somebody else was put back.',
    remedy: 'Find out who changed it: the message names the manager.',
  },
  DriftFight: {
    retry: 'backoff',
    meaning: 'The same object is changed again and again by the same manager.',
    remedy: 'Stop the other manager, or list the field in spec.drift.ignore.',
  },
  NoDrift: { retry: 'backoff', meaning: 'Every owned object is as it was applied.', remedy: 'Nothing to do.' },
  DriftIgnored: {
    retry: 'backoff',
    meaning: 'Nobody looks whether live objects were changed: spec.drift.mode is ignore.',
    remedy: 'Set spec.drift.mode to warn or correct.',
  },
  ...pulumiReasons,
  // Toolchain
  ToolUnavailable: {
    retry: 'on-change',
    meaning:
      'A program that Plumbline starts is missing: pulumi or a package manager in the image of the operator, or one of demo, tests and bench.',
    remedy: 'Install what the message names, or use the image of docs/install.md.',
  },
  ToolFailed: {
    retry: 'on-change',
    meaning: 'A program that the demo, the tests or the bench start ended early, or did not get ready.',
    remedy: 'Read the log that the message names.',
  },
  // End
  Deleting: { retry: 'backoff', meaning: 'The stack is being deleted, its objects with it.', remedy: 'Wait.' },
  // Command line
  CommandInvalid: {
    retry: 'on-change',
    meaning: 'A command was given something that it cannot work with.',
    remedy: 'Correct the option, argument or file that the message names.',
  },
  SynthFailed: {
    retry: 'on-change',
    meaning: 'The program that cdk8s.yaml names ended with an error, or breaks a policy.',
    remedy: 'Correct the program; what it said is in the message.',
  },
  Internal: {
    retry: 'backoff',
    meaning: 'Plumbline met something that it did not expect.',
    remedy: 'Report it with the log of the operator.',
  },
});

export type Reason = keyof typeof reasons;
