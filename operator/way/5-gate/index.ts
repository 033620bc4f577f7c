export { gate, type Gate, type GateInput, type Neighbour } from './gate.ts';
