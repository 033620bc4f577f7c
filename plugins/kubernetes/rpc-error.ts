/** Errors as gRPC has them: one sentence, and the state of an object that is there but not as it should be. */
import { Metadata, status as codes, type ServiceError } from '@grpc/grpc-js';
import anyMessages from 'google-protobuf/google/protobuf/any_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import statusMessages from '@pulumi/pulumi/proto/status_pb.js';
import { NotInitialized } from './not-initialized.ts';
import { toStruct } from './struct.ts';
import { messageOf } from './unreachable.ts';

export function rpcError(error: unknown): Partial<ServiceError> {
  const message = messageOf(error);
  const details = { code: codes.UNKNOWN, message, details: message };
  return error instanceof NotInitialized ? { ...details, metadata: stateOf(error, message) } : details;
}

function stateOf(error: NotInitialized, message: string): Metadata {
  const failed = new messages.ErrorResourceInitFailed();
  failed.setId(error.id);
  failed.setProperties(toStruct(error.outputs));
  failed.setInputs(toStruct(error.inputs));
  failed.setReasonsList([...error.reasons]);
  const detail = new anyMessages.Any();
  detail.pack(failed.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
  const status = new statusMessages.Status();
  status.setCode(codes.UNKNOWN);
  status.setMessage(message);
  status.addDetails(detail);
  const metadata = new Metadata();
  metadata.add('grpc-status-details-bin', Buffer.from(status.serializeBinary()));
  return metadata;
}
