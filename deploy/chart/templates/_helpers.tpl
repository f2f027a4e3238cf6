{{/* Names and labels; `name` is the process. */}}
{{- define "muniment.labels" -}}
app.kubernetes.io/name: muniment
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "muniment.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* No root, no capability, nothing to write on. RuntimeDefault leaves the parsers' sandbox Landlock, a filter of its own and
     its limits, and takes from it the network namespace, which the filter stands in for. */}}
{{- define "muniment.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "muniment.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "muniment.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "muniment.labels" . | nindent 8 }}
{{- end }}

{{/* Memory is given whole, since a process that is ended for want of it loses its page. CPU beyond the share is free to use. */}}
{{- define "muniment.resources" -}}
resources:
  requests: {cpu: {{ .cpu | quote }}, memory: {{ .memory }}}
  limits: {memory: {{ .memory }}}
{{- end }}

{{/* What opens the archive: settings, and files of secrets. */}}
{{- define "muniment.environment" -}}
- {name: MUNIMENT_SECRETS, value: /run/secrets/muniment}
- {name: MUNIMENT_MIGRATE, value: "false"}
- {name: MUNIMENT_HTTPS, value: "true"}
- {name: FORWARDED_ALLOW_IPS, value: "*"}
{{- range $name, $value := .Values.settings }}
- {name: {{ printf "MUNIMENT_%s" (upper $name) }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "muniment.mounts" -}}
- {name: settings, mountPath: /run/secrets/muniment, readOnly: true}
- {name: keys, mountPath: /run/muniment/keys, readOnly: true}
- {name: scratch, mountPath: /tmp}
{{- end }}

{{- define "muniment.volumes" -}}
- name: settings
  secret: {secretName: {{ .root.Values.secrets.settings }}, defaultMode: 0440}
- name: keys
  secret: {secretName: {{ .root.Values.secrets.keys }}, defaultMode: 0440}
- name: scratch
  emptyDir: {medium: Memory, sizeLimit: {{ .scratch }}}
{{- end }}
