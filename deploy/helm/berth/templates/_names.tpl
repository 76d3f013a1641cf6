{{/* Name of everything that belongs to this release. */}}
{{- define "berth.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Labels that select the Pods of the operator; they never change in the life of a release. */}}
{{- define "berth.selector" -}}
app.kubernetes.io/name: berth
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "berth.labels" -}}
app.kubernetes.io/part-of: berth
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "berth.image" -}}
{{- $reference := printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- with .Values.image.digest }}{{ $reference = printf "%s@%s" $reference . }}{{ end -}}
{{- $reference -}}
{{- end }}

{{/* The Pod Security standard `restricted`, and what goes beyond it. */}}
{{- define "berth.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "berth.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* What no single value can say. */}}
{{- define "berth.check" -}}
{{- $election := dig "leaderElection" "enabled" true .Values.config -}}
{{- if and (gt (int .Values.replicas) 1) (not $election) -}}
{{- fail (printf "Cannot run %d replicas as config.leaderElection.enabled is false: set replicas to 1, or leave leader election on" (int .Values.replicas)) -}}
{{- end -}}
{{- $passwordFile := dig "ledger" "redis" "passwordFile" "" .Values.config -}}
{{- if and (hasPrefix "/etc/berth-redis/" $passwordFile) (not .Values.redisSecretName) -}}
{{- fail (printf "Cannot read config.ledger.redis.passwordFile %s as redisSecretName is empty: name the Secret that holds it" $passwordFile) -}}
{{- end -}}
{{- end }}
