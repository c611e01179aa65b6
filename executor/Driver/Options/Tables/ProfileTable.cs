using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>[profiles.NAME]: any key of [kubernetes], laid over that table.</summary>
internal static class ProfileTable
{
    public const string Meaning =
        "Settings that a job picks by the variable `POD_PROFILE: NAME`, if it may. Besides the keys below, any key of `[kubernetes]` but those of the connection: "
        + "a key goes before the one of `[kubernetes]`, tables are joined key by key, lists of tables are joined and an element replaces the one of its name.";

    /// <summary>Keys that lie over no key of [kubernetes].</summary>
    private static readonly string[] OwnKeys = ["allowed_projects", "allowed_refs", "protected_only"];

    public static ProfileOptions Read(OptionsReader read, TomlTable table, TomlTable kubernetes)
    {
        var allowed = read.Key("allowed_projects", Own, "Globs of the projects that may pick it, for example `group/**`. Not set: none.").Texts();
        var refs = read.Key("allowed_refs", Own, "Globs of the branches and tags that may pick it. Not set: any.").Texts();
        var isProtected = read.Key("protected_only", Own, "Only jobs of protected branches and tags may pick it.").Flag(false);
        if (read.Has(OwnKeys[0]) is false && table.Values.Count > 0)
        {
            read.Problem(OwnKeys[0], "is missing: nobody may pick the profile", "Add allowed_projects = [\"group/**\"], or [\"**\"] for all projects.");
        }

        // Its own keys first, so that a problem is told with the profile's name; then what results.
        KubernetesTable.Read(read.Undescribed());
        foreach (var key in ConnectionKeys.Names.Where(read.Has))
        {
            read.Problem(key, "cannot be in a profile", "The connection is the same for all jobs: set it in [kubernetes].");
        }

        read.Done();
        var merged = TomlMerge.Over(kubernetes, table, OwnKeys);
        var result = read.Source.Problems.Count > 0
            ? new KubernetesOptions { Namespace = "", HelperImage = "" }
            : KubernetesTable.Read(new OptionsReader(merged, read.Source with { Partial = false }, read.Path));
        return new ProfileOptions(allowed, refs, isProtected, result);
    }
}
