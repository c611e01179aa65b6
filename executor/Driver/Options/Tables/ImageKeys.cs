using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>Images and how they are pulled.</summary>
internal static class ImageKeys
{
    private static readonly string[] Policies = ["always", "if-not-present", "never"];

    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options) => options with
    {
        Image = read.Key("image", P0, "The image of jobs that name none; may hold variables of the job.", "`image:`").Text(),
        HelperImage = read.Key("helper_image", P1, "The image of `deploy/images/helper`: git, git-lfs, the agent.").Required(),
        AllowedImages = read.Key("allowed_images", P1, "Globs of the images that a job may name (`*` within a path segment, `**` across); empty: any. `image` and `helper_image` always pass.").Texts(),
        AllowedServices = read.Key("allowed_services", P1, "Likewise for the job's services.").Texts(),
        PullPolicies = read.Key("pull_policy", P1, "When an image is pulled. Of a list, the next one is tried when pulling has failed; a pull that is merely slow is waited for. Not set: Kubernetes' own rule.", "`image:pull_policy`").Words(Policies),
        AllowedPullPolicies = read.Key("allowed_pull_policies", P1, "What `image:pull_policy` may choose from. Not set: what `pull_policy` lists; if that is not set either: any.").Words(Policies),
        ImagePullSecrets = read.Key("image_pull_secrets", P0, "Names of Secrets with registry logins, beside the job's own.").Texts(),
        UseServiceAccountPullSecrets = read.Key("use_service_account_image_pull_secrets", P2, "Put no pull secret of ours on the pod, so that those of its service account apply. The job's own logins still go on it.").Flag(false),
    };
}
