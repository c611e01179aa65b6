using k8s.Models;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Pods;

/// <summary>Security contexts as Kubernetes spells them, with defaults that take away what few jobs need.</summary>
internal static class PodSecurity
{
    /// <summary>Forged packets: no job needs to send them.</summary>
    private const string RawSockets = "NET_RAW";

    /// <summary>What a helper container that is root needs to run its scripts as the user of the job's image.</summary>
    private static readonly string[] UserSwitch = ["CHOWN", "KILL", "SETGID", "SETUID"];

    public static V1PodSecurityContext OfPod(PodSecurityOptions options) => new()
    {
        FsGroup = options.FsGroup,
        RunAsUser = options.RunAsUser,
        RunAsGroup = options.RunAsGroup,
        RunAsNonRoot = options.RunAsNonRoot,
        SupplementalGroups = options.SupplementalGroups.Count > 0 ? [.. options.SupplementalGroups.Select(g => (long?)g)] : null,
        SeLinuxOptions = Selinux(options.SelinuxType),
        SeccompProfile = Seccomp(options.Seccomp ?? new ProfileReference("RuntimeDefault", null)),
        AppArmorProfile = AppArmor(options.AppArmor),
    };

    /// <param name="user">What the job asked for; the operator's settings go before it.</param>
    public static V1SecurityContext OfContainer(SecurityOptions all, ContainerSecurityOptions own, UserPlan? user, bool readOnlyRoot)
    {
        var privileged = own.Privileged ?? all.Privileged;
        return new V1SecurityContext
        {
            Privileged = privileged ? true : null,
            Capabilities = privileged ? null : Capabilities(all, own),
            RunAsUser = own.RunAsUser ?? user?.Uid,
            RunAsGroup = own.RunAsGroup ?? user?.Gid,
            RunAsNonRoot = own.RunAsNonRoot,
            ReadOnlyRootFilesystem = own.ReadOnlyRootFilesystem ?? (readOnlyRoot ? true : null),
            AllowPrivilegeEscalation = own.AllowPrivilegeEscalation ?? all.AllowPrivilegeEscalation,
            SeLinuxOptions = Selinux(own.SelinuxType),
            ProcMount = own.ProcMount,
            SeccompProfile = Seccomp(own.Seccomp),
            AppArmorProfile = AppArmor(own.AppArmor),
        };
    }

    /// <summary>
    /// Of the helper container. `cap_drop` leaves it what it cannot work without, unless an operator's user makes it no root: without a
    /// switch of users, every stage before and after the job's script would fail as soon as the job's image is not of root.
    /// </summary>
    public static V1SecurityContext OfHelper(SecurityOptions all)
    {
        var context = OfContainer(all, all.Helper, null, all.ReadOnlyRootFilesystem);
        var isRoot = (context.RunAsUser ?? all.Pod.RunAsUser ?? 0) == 0 && (context.RunAsNonRoot ?? all.Pod.RunAsNonRoot) != true;
        if (isRoot && context.Capabilities is { Drop: { } drop } capabilities)
        {
            capabilities.Add = drop.Contains("ALL") ? [.. (capabilities.Add ?? []).Union(UserSwitch)] : capabilities.Add;
            capabilities.Drop = [.. drop.Except(UserSwitch)];
        }

        return context;
    }

    /// <summary>Drop wins, as in the built-in executor.</summary>
    private static V1Capabilities? Capabilities(SecurityOptions all, ContainerSecurityOptions own)
    {
        List<string> wanted = [.. all.CapAdd.Concat(own.CapAdd).Distinct()];
        List<string> drop = [.. all.CapDrop.Concat(own.CapDrop).Concat(wanted.Contains(RawSockets) ? [] : [RawSockets]).Distinct()];
        List<string> add = [.. wanted.Except(drop)];
        return new V1Capabilities { Add = add.Count > 0 ? add : null, Drop = drop.Count > 0 ? drop : null };
    }

    private static V1SELinuxOptions? Selinux(string? type) => type is null ? null : new V1SELinuxOptions { Type = type };

    private static V1SeccompProfile? Seccomp(ProfileReference? profile) =>
        profile is null ? null : new V1SeccompProfile { Type = profile.Type, LocalhostProfile = profile.LocalhostProfile };

    private static V1AppArmorProfile? AppArmor(ProfileReference? profile) =>
        profile is null ? null : new V1AppArmorProfile { Type = profile.Type, LocalhostProfile = profile.LocalhostProfile };
}
