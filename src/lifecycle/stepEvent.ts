import {ScheduledReason} from '../api/reasons.ts';
import type {RequestEvent} from '../observe/eventRecorder.ts';
import type {Step} from './nextStep.ts';

/** The Event beside a step; undefined where the step is no news for a person. */
export function stepEvent(step: Step): RequestEvent | undefined {
  switch (step.kind) {
    case 'finish':
      return {
        type: step.phase === 'Succeeded' ? 'Normal' : 'Warning',
        reason: step.reason,
        action: 'Finishing',
        note: step.message,
      };
    case 'unbind':
      return {
        type: step.reason === ScheduledReason.Suspended ? 'Normal' : 'Warning',
        reason: step.reason,
        action: 'Unbinding',
        note: step.message,
      };
    case 'run':
      return {
        type: 'Normal',
        reason: 'Started',
        action: 'Running',
        note: `Pod ${step.podName} runs`,
      };
    case 'nothing':
    case 'wait':
    case 'conclude':
    case 'deleteRequest':
    case 'createPod':
    case 'deletePod':
      return undefined;
  }
}
