//! Containers, clusters, infrastructure, clouds.

use super::{Rule, high, medium};

pub(super) const RULES: &[Rule] = &[
    // Containers.
    high("container_destructive", r"(docker|podman|nerdctl|buildah|ctr)( \w+)? (rm|rmi|prune|remove|delete)( |$)", "Deletes containers, images or volumes."),
    high("container_destructive", r"(docker|podman|nerdctl) (stack rm|swarm leave|secret rm|config rm|context rm|node rm|service rm|kill|system reset)( |$)", "Deletes what runs."),
    high("container_destructive", r"(docker|podman)[ -]compose (.* )?(down (.* )?(-v|--volumes|--rmi)|rm)", "Deletes what runs with its data."),
    high("container_destructive", r"(crictl (rm|rmp|rmi)|lxc (delete|stop .*-f)|lxc-destroy|vagrant destroy|multipass (delete|purge)|minikube delete|kind delete|k3d cluster delete|k3s-uninstall)", "Deletes containers or machines."),
    high("privilege_escalation", r"(docker|podman|nerdctl) (.* )?(run|create|exec) (.* )?(--privileged|--pid[= ]host|--cap-add\S*[= ]?(all|sys_admin|sys_ptrace|sys_module)|--security-opt\S*[= ]\S*(unconfined|disable)|--userns[= ]host)", "Gives a container the host's rights."),
    high("privilege_escalation", r"(docker|podman|nerdctl) (.* )?(run|create) (.* )?((-v|--volume)[= ]?(/|/etc|/root|/var/run|/run|/home|/usr|/proc|/dev|/var|/boot|/var/run/docker\.sock|/run/docker\.sock):|--mount[= ]\S*(source|src)=/(,|etc|root|var/run|$))", "Gives a container the host's files."),
    medium("container_write", r"(docker|podman|nerdctl|docker-compose|podman-compose|buildah|skopeo|ctr|crictl|lxc) ", "Changes containers.").unless(r"(docker|podman|nerdctl) ((container|image|volume|network) )?(ps|ls|list|images|logs|inspect|version|info|top|stats|port|diff|history|events|search)( |$)|(docker|podman) (system (df|info)|compose (ps|logs|config|ls|images|top)|context (ls|show|inspect))( |$)|(docker|podman)-compose (ps|logs|config|images|top)( |$)|crictl (ps|images|pods|logs|inspect|info)( |$)|lxc (list|info)( |$)"),
    // Clusters.
    high("k8s_destructive", r"(kubectl|oc|k) (.* )?delete (.* )?(ns|namespaces?|no|nodes?|pvcs?|pv|persistentvolume\w*|crds?|customresourcedefinition\S*|deploy\S*|sts|statefulsets?|ds|daemonsets?|svc|services?|secrets?|cm|configmaps?|ing\w*|all|jobs?|cronjobs?|sa|roles?|clusterrole\w*|storageclass\w*|--all\S*|-a|-f|-k|-l|--filename\S*|--selector\S*|--force)\b", "Deletes what runs in the cluster.").unless(DRY),
    high("k8s_destructive", r"(kubectl|oc|k) (.* )?(drain|replace (.* )?--force|rollout undo|scale .*--replicas[= ]0|taint .*noexecute|certificate deny|auth reconcile)( |$|\b)", "Takes away what runs in the cluster.").unless(DRY),
    high("k8s_destructive", r"helm (.* )?(uninstall|delete|del|un|rollback)( |$)", "Takes away what runs in the cluster.").unless(DRY),
    high("k8s_destructive", r"(kubeadm reset|etcdctl (.* )?(del|snapshot restore|member remove|defrag)|velero (backup|schedule|restore) delete|argocd (app|cluster|proj|repo) (delete|rm)|flux (uninstall|delete)|kops delete|rke remove|istioctl (uninstall|x uninstall)|kubectl-?\w* cordon)", "Takes a cluster apart."),
    high("privilege_escalation", r"(kubectl|oc) (.* )?create (clusterrolebinding|rolebinding) .*(cluster-admin|admin)", "Gives the cluster's highest rights."),
    medium("k8s_write", r"(kubectl|oc|k|helm|kustomize|argocd|flux|velero|istioctl|k9s|kubeadm|etcdctl) ", "Changes the cluster.").unless(r"(kubectl|oc|k) (get|describe|logs|top|version|explain|api-\S+|cluster-info|config (view|get-\S+|current-context)|auth (can-i|whoami)|diff|rollout (status|history)|events|wait)( |$)|helm (list|ls|status|get|history|show|search|template|lint|version|env)( |$)|(kubectl|oc|k|helm) .*--dry-run|argocd app (list|get|diff|history)|flux (get|logs|check)|etcdctl (get|endpoint|member list)|kustomize build"),
    // Infrastructure.
    high("iac_destructive", r"(terraform|tofu|terragrunt|pulumi|cdk|cdktf|sst|serverless|sls|sam|copilot|eb|cf|ansible-\w+) (.* )?(destroy|delete|remove|terminate|down|--?destroy)( |$)", "Takes infrastructure away.").unless(r"terraform plan( |$)|cdk(tf)? diff"),
    high("iac_destructive", r"(terraform|tofu|terragrunt) (.* )?(state (rm|push|replace-provider|mv)|force-unlock|workspace delete|taint|apply (.* )?-(destroy|replace)\S*)( |$)", "Changes what is known about the infrastructure."),
    high("iac_destructive", r"pulumi (.* )?(state delete|stack rm|cancel|refresh --yes)( |$)", "Changes what is known about the infrastructure."),
    medium("iac_apply", r"(terraform|tofu|terragrunt|pulumi|cdk|cdktf|serverless|sls|sam|sst|packer|ansible-\w+) ", "Changes infrastructure.").unless(r"(terraform|tofu|terragrunt) (version|plan|validate|show|output|fmt|graph|providers|state (list|show|pull)|workspace (list|show))( |$)|pulumi (preview|stack|config|version|about|whoami|logs)( |$)|cdk (diff|ls|list|synth|doctor)( |$)|packer (validate|inspect|version)( |$)"),
    // Clouds.
    high(
        "cloud_destructive",
        r"(aws|gcloud|az|gsutil|bq|s3cmd|s5cmd|mc|azcopy|eksctl|fly|flyctl|heroku|doctl|linode-cli|ibmcloud|oci|vercel|netlify|railway|render|openstack|nova|hcloud|scw|wrangler|firebase|supabase|neonctl|turso|gh|aliyun|tccli|vultr-cli|civo|exo|upctl|yc|cf|koyeb|pscale|planetscale|stripe|twilio|auth0|okta|rosa|acloud|ossutil\w*|coscmd) (.* )?([\w:-]*(delete|destroy|terminate|purge|deregister|revoke|uninstall|unpublish|reset-db|force-)[\w:-]*|remove|rb|rm|del|schedule-key-deletion|stop-logging|disable-\S+|disable|detach-\S+|remove-\S+|release-address|cancel-\S+|empty|reset|nuke|pg:reset|stop-instances|stop|down|deallocate|unlink|\S+:(remove|destroy|delete|unset|rm|reset))( |$)",
        "Takes away what runs or is kept in the cloud.",
    )
    .unless(r".* (--dry-?run|--help|help|--dryrun)( |$)"),
    high("cloud_destructive", r"(aws|gsutil|s3cmd|mc|rclone|azcopy|gcloud) (.* )?(sync|rsync|mirror) (.* )?--?(delete\S*|d|remove)( |$)", "Deletes what the other side does not have.").unless(r".* (--dry-?run|--dryrun|-n)( |$)"),
    high("cloud_destructive", r"(aws|gcloud|az|doctl|aliyun|hcloud|openstack) .*(0\.0\.0\.0/0|::/0|allusers|allauthenticatedusers|public-read|administratoraccess|roles/owner|--no-enable-\S+|--no-deletion-protection)", "Opens something to everybody."),
    high("cloud_destructive", r"aws (.* )?(put-bucket-(acl|policy|lifecycle)\S*|update-trail|stop-configuration-recorder|create-access-key|attach-(user|role|group)-policy|put-(user|role|group)-policy|modify-\S+ .*--(no-|skip-final)\S*|rds .*--skip-final-snapshot|route53 change-\S+)", "Opens access or removes a safeguard."),
    medium("cloud_write", r"(aws|gcloud|az|gsutil|s3cmd|eksctl|fly|flyctl|heroku|doctl|linode-cli|ibmcloud|oci|vercel|netlify|railway|openstack|hcloud|scw|wrangler|firebase|supabase|aliyun|tccli|mc|azcopy|bq) ", "Changes something in the cloud.").unless(r"(aws( \S+)? (ls|describe-\S+|list-\S+|get-\S+|head-\S+|wait|help)|(gcloud|az|doctl|fly|flyctl|heroku|oci|eksctl|hcloud|openstack|vercel|netlify|firebase|wrangler|railway)( [\w:-]+){0,4} (list|ls|show|describe|get|status|logs|info|version|whoami|--help|--version)|gsutil (ls|cat|du|stat|hash|version)|(vercel|netlify|fly|flyctl|heroku) \w+:?(list|info)?)( |$)|aws --version"),
];

const DRY: &str = r".* --dry-run(=\w+)?( |$)";
