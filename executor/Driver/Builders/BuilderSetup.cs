using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Link.Builders;

namespace PodExecutor.Driver.Builders;

/// <summary>
/// What the helper container learns of the builders, over the link and nowhere else: addresses, keys, and this job's rules, made from the job file, which no
/// pipeline can forge.
/// </summary>
internal static class BuilderSetup
{
    /// <returns>Null if the operator has named no builders.</returns>
    /// <exception cref="FailureException">A key or certificate cannot be used.</exception>
    public static BuilderSet? Of(JobRequest request, ExecutorOptions options)
    {
        if (options.Builders.Count == 0)
        {
            return null;
        }

        var policy = Policy(request.Response, options.Builder);
        if (options.Cache is { Build: true } cache)
        {
            BuildCacheSetup.Add(policy, request, cache);
        }

        return new BuilderSet { Builders = { Builders(options) }, Policy = policy };
    }

    /// <exception cref="FailureException">A key or certificate cannot be used.</exception>
    public static IReadOnlyList<Builder> Builders(ExecutorOptions options) => [.. options.Builders.Select(Builder)];

    /// <summary>Pure.</summary>
    public static BuildPolicy Policy(JobResponse job, BuilderPolicyOptions options) => new()
    {
        Project = job.JobInfo.ProjectId.ToString(CultureInfo.InvariantCulture),
        CacheNamespace = $"project-{job.JobInfo.ProjectId}-{ProtectionClass(job)}",
        AllowedRepositories = { options.AllowedRepositories.Select(r => r.Replace("{project}", job.JobInfo.ProjectFullPath.ToLowerInvariant(), StringComparison.Ordinal)) },
        Entitlements = { options.Entitlements },
        InsecureRegistries = { options.InsecureRegistries },
        OtherBuilders = options.OtherBuilders,
        BuiltinFrontend = options.BuiltinFrontend,
        BuilderId = JobPage(job),
    };

    /// <summary>GitLab before 16.9 does not say whether a ref is protected: then there is one class only.</summary>
    private static string ProtectionClass(JobResponse job) => job.GitInfo.Protected switch { true => "protected", false => "unprotected", null => "open" };

    // Of the repository's address, which GitLab vouches for; CI_JOB_URL could be the pipeline's own.
    private static string JobPage(JobResponse job) =>
        Uri.TryCreate(job.GitInfo.RepoUrl, UriKind.Absolute, out var repository)
            ? $"{repository.Scheme}://{repository.Authority}{(repository.AbsolutePath.EndsWith(".git", StringComparison.Ordinal) ? repository.AbsolutePath[..^4] : repository.AbsolutePath)}/-/jobs/{job.Id}"
            : "";

    private static Builder Builder(BuilderOptions options)
    {
        var builder = new Builder
        {
            Name = options.Name,
            Address = options.Address,
            Aliases = { options.Aliases },
            Authorities = Read(options, "ca_file", options.CaFile),
            Certificate = Read(options, "cert_file", options.CertFile),
            Key = Read(options, "key_file", options.KeyFile),
            ServerName = options.ServerName ?? "",
            MaxParallel = (uint)options.MaxParallel,
            Platforms = { options.Platforms },
        };
        Check(options, builder);
        return builder;
    }

    private static string Read(BuilderOptions options, string key, string? path)
    {
        try
        {
            return path is null ? "" : File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(options, $"{key} = \"{path}\"", e.Message, e);
        }
    }

    /// <summary>Here and not only in the pod, where the operator would not look.</summary>
    private static void Check(BuilderOptions options, Builder builder)
    {
        try
        {
            if (builder.Certificate.Length > 0)
            {
                X509Certificate2.CreateFromPem(builder.Certificate, builder.Key).Dispose();
            }

            if (builder.Authorities.Length > 0)
            {
                new X509Certificate2Collection().ImportFromPem(builder.Authorities);
            }
        }
        catch (CryptographicException e)
        {
            throw Unusable(options, "its certificate or key", e.Message, e);
        }
    }

    private static FailureException Unusable(BuilderOptions options, string what, string why, Exception e) => new(
        new Failure(FailureKind.System, $"The builder {options.Name} cannot be used: {what} is not usable", why, "Correct [[builders]] in the options file; pod-executor doctor checks it."), e);
}
