export { approvalGate, type ApprovalGate, type Vote } from './approval.ts';
export { gate, type Gate, type GateInput, type Neighbour } from './gate.ts';
