import {z} from 'zod';
import {atomic, keyedBy, objectName, opaque} from './schemaParts.ts';

/**
 * The parts of core/v1 that a request hands on to its Pod, by their names and shapes there. What
 * Berth reads itself, or what nearly every request has, is spelt out; sub-shapes that core/v1 keeps
 * adding to (`valueFrom`, `envFrom`, volumes, security contexts) are opaque, as a copy here would
 * reject what a newer Kubernetes accepts. The API server checks those when the Pod is made.
 */
const envVariable = z.object({
  name: z.string().min(1).max(1024).describe('Name of the variable.'),
  value: z.string().max(131_072).optional().describe('Its value; empty when absent.'),
  valueFrom: opaque().optional().describe('Where the value comes from; shape of core/v1.'),
});

const containerPort = z.object({
  name: z.string().min(1).max(15).optional().describe('Name that a Service may refer to.'),
  containerPort: z.int().min(1).max(65_535).describe('Port inside the container.'),
  hostPort: z.int().min(1).max(65_535).optional().describe('Port on the Kubernetes node.'),
  hostIP: z.string().max(64).optional().describe('Address of the Kubernetes node to bind.'),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP').describe('Protocol of the port.'),
});

const volumeMount = z.object({
  name: z.string().min(1).max(63).describe('Name of the volume in `spec.pod.volumes`.'),
  mountPath: z.string().min(1).max(4096).describe('Where the container sees it.'),
  readOnly: z.boolean().optional().describe('Mounted read-only; false when absent.'),
  recursiveReadOnly: z.string().max(32).optional().describe('As in core/v1.'),
  subPath: z
    .string()
    .max(4096)
    .optional()
    .describe('Path inside the volume; its root when absent.'),
  subPathExpr: z.string().max(4096).optional().describe('`subPath` with variables expanded.'),
  mountPropagation: z.string().max(32).optional().describe('As in core/v1.'),
});

export const containerSchema = z
  .object({
    image: z.string().min(1).max(1024).describe('Image to run.'),
    command: z
      .array(z.string().max(131_072))
      .max(256)
      .meta(atomic)
      .optional()
      .describe("Entry point; the image's when absent."),
    args: z
      .array(z.string().max(131_072))
      .max(1024)
      .meta(atomic)
      .optional()
      .describe("Arguments of the entry point; the image's when absent."),
    env: z
      .array(envVariable)
      .max(512)
      .meta(keyedBy('name'))
      .optional()
      .describe('Environment variables.'),
    envFrom: z
      .array(opaque())
      .max(64)
      .meta(atomic)
      .optional()
      .describe('ConfigMaps and Secrets whose keys become variables; shape of core/v1.'),
    workingDir: z
      .string()
      .max(4096)
      .optional()
      .describe("Working directory; the image's when absent."),
    ports: z.array(containerPort).max(64).meta(atomic).optional().describe('Ports to list.'),
    volumeMounts: z
      .array(volumeMount)
      .max(64)
      .meta(keyedBy('mountPath'))
      .optional()
      .describe('Where the volumes of `spec.pod.volumes` are mounted.'),
    securityContext: opaque().optional().describe('Security options; shape of core/v1.'),
    imagePullPolicy: z
      .enum(['Always', 'IfNotPresent', 'Never'])
      .optional()
      .describe('When to pull the image; as in core/v1 when absent.'),
  })
  .describe('The container to run: names and shapes of core/v1.');

export const podSchema = z
  .object({
    volumes: z
      .array(opaque())
      .max(64)
      .meta(atomic)
      .optional()
      .describe('Volumes that the container may mount; shape of core/v1.'),
    serviceAccountName: objectName().optional().describe('ServiceAccount of the Pod.'),
    imagePullSecrets: z
      .array(z.object({name: objectName().describe('Name of the Secret.')}))
      .max(16)
      .meta(keyedBy('name'))
      .optional()
      .describe('Secrets to pull the image with.'),
    securityContext: opaque().optional().describe('Security options of the Pod; shape of core/v1.'),
    runtimeClassName: objectName().optional().describe('RuntimeClass of the Pod.'),
    terminationGracePeriodSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .describe('Seconds between the request to stop and the kill; 30 when absent.'),
  })
  .describe('What else a Pod needs: names and shapes of core/v1.');
