using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>What the containers may do. A container's table goes before the pod's, and both before a job's `image:kubernetes:user`.</summary>
internal static class SecurityKeys
{
    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options) => options with
    {
        Security = new SecurityOptions
        {
            Privileged = read.Key("privileged", P0, "All containers privileged: a job then has the node. Builds of images need it no more.").Flag(false),
            AllowPrivilegeEscalation = read.Key("allow_privilege_escalation", P1, "Whether set-uid programs work. Not set: the cluster's default.").Flag(),
            ReadOnlyRootFilesystem = read.Key("read_only_root_filesystem", Own, "Build and helper container; a job writes to `/builds`, `/cache` and volumes.").Flag(false),
            CapAdd = read.Key("cap_add", P1, "Capabilities that all containers get. `cap_drop` goes before it.").Texts(),
            CapDrop = read.Key(
                "cap_drop",
                P1,
                "Capabilities that no container gets; a helper container that is root keeps CHOWN, KILL, SETGID and SETUID, "
                + "to run scripts as the job's user. NET_RAW is dropped unless `cap_add` has it.").Texts(),
            Pod = read.Table("pod_security_context", "For all containers.", Pod),
            Build = read.Table("build_container_security_context", "For the build container.", Container),
            Helper = read.Table("helper_container_security_context", "For the helper container. It starts as root and runs each script as the build container's user; if root is forbidden, both must have one user.", Container),
            Service = read.Table("service_container_security_context", "For the services.", Container),
            AllowedUsers = Ids(read, "allowed_users", "Numeric users that `image:kubernetes:user` may name. Not set: any but 0, which always has to be listed."),
            AllowedGroups = Ids(read, "allowed_groups", "Likewise for the group."),
            UserNamespaces = read.Key("user_namespaces", Own, "root in the pod is nobody on the node (`hostUsers: false`). Needs Kubernetes 1.33.").Flag(false),
        },
    };

    private static IReadOnlyList<string> Ids(OptionsReader read, string name, string meaning)
    {
        var ids = read.Key(name, P2, meaning).Texts();
        foreach (var wrong in ids.Where(i => !uint.TryParse(i, out _)))
        {
            read.Problem(name, $"\"{wrong}\" is no numeric id", $"Write {name} = [\"1000\"].");
        }

        return ids;
    }

    private static PodSecurityOptions Pod(OptionsReader read) => new()
    {
        FsGroup = Id(read, "fs_group", "Group that owns the volumes."),
        RunAsUser = Id(read, "run_as_user", "User of the containers."),
        RunAsGroup = Id(read, "run_as_group", "Group of the containers."),
        RunAsNonRoot = read.Key("run_as_non_root", P1, "Refuse to start as root.").Flag(),
        SupplementalGroups = read.Key("supplemental_groups", P1, "More groups of the containers.").Numbers(0, uint.MaxValue),
        SelinuxType = read.Key("selinux_type", P1, "SELinux type.").Text(),
        Seccomp = Profile(read, "seccomp_profile", "System calls that are allowed; `RuntimeDefault` if not set."),
        AppArmor = Profile(read, "app_armor_profile", "AppArmor profile. Needs Kubernetes 1.30."),
    };

    private static ContainerSecurityOptions Container(OptionsReader read)
    {
        var capabilities = read.Table("capabilities", "Beside `cap_add` and `cap_drop`.", r => (
            Add: r.Key("add", P1, "Capabilities to add.").Texts(),
            Drop: r.Key("drop", P1, "Capabilities to drop; goes before `add`.").Texts()));
        return new ContainerSecurityOptions
        {
            CapAdd = capabilities.Add,
            CapDrop = capabilities.Drop,
            Privileged = read.Key("privileged", P1, "Goes before `privileged` of all containers.").Flag(),
            RunAsUser = Id(read, "run_as_user", "User."),
            RunAsGroup = Id(read, "run_as_group", "Group."),
            RunAsNonRoot = read.Key("run_as_non_root", P1, "Refuse to start as root.").Flag(),
            ReadOnlyRootFilesystem = read.Key("read_only_root_filesystem", P1, "Only volumes can be written.").Flag(),
            AllowPrivilegeEscalation = read.Key("allow_privilege_escalation", P1, "Whether set-uid programs work.").Flag(),
            SelinuxType = read.Key("selinux_type", P1, "SELinux type.").Text(),
            ProcMount = read.Key("proc_mount", P1, "`Unmasked` shows all of /proc.").Word("Default", "Unmasked"),
            Seccomp = Profile(read, "seccomp_profile", "System calls that are allowed."),
            AppArmor = Profile(read, "app_armor_profile", "AppArmor profile. Needs Kubernetes 1.30."),
        };
    }

    private static long? Id(OptionsReader read, string name, string meaning) => read.Key(name, P1, meaning).Number(0, uint.MaxValue);

    private static ProfileReference? Profile(OptionsReader read, string name, string meaning) => read.Table(name, meaning, r =>
    {
        var type = r.Key("type", P1, "Which kind.").Word("RuntimeDefault", "Unconfined", "Localhost");
        var local = r.Key("localhost_profile", P1, "The node's profile, for `Localhost`.").Text();
        if (type == "Localhost" && local is null && !r.Source.Partial)
        {
            r.Problem("type", "Localhost needs a profile", "Add localhost_profile = \"…\".");
        }

        return type is null ? null : new ProfileReference(type, local);
    });
}
