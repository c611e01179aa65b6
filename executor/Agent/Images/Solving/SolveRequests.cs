using PodExecutor.Agent.Images.Builds;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>A plan in the BuildKit client's words.</summary>
internal static class SolveRequests
{
    public static SolveRequest Of(BuildPlan plan, ImageContext context, IRegistryAuth auth) => new()
    {
        FrontendOptions = plan.Attributes,
        LocalDirectories = plan.Locals.ToDictionary(l => l.Key, l => new LocalDirectory(l.Value) { Record = plan.Record }, StringComparer.Ordinal),
        OciLayouts = plan.Layouts,
        Uploads = plan.Uploads.ToDictionary(u => u.Key, u => (Stream)File.OpenRead(u.Value), StringComparer.Ordinal),
        SharedKey = plan.SharedKey,
        Exports = [.. plan.Exporters.Select(e => Export(e, context))],
        CacheExports = [.. plan.CacheExports.Select(c => new CacheEntry(c.Type, Folders(c.Attributes, context)))],
        CacheImports = [.. plan.CacheImports.Select(c => new CacheEntry(c.Type, Folders(c.Attributes, context)))],
        Entitlements = plan.Entitlements,
        Secrets = plan.Secrets.Select(s => (s.Id, Value: SecretValues.Read(s, context)))
            .Where(s => s.Value is not null)
            .ToDictionary(s => s.Id, s => SecretSource.FromValue(s.Value!), StringComparer.Ordinal),
        SshAgents = plan.Ssh.ToDictionary(s => s.Id, s => Agent(s, context), StringComparer.Ordinal),
        RegistryAuth = auth,
    };

    private static Export Export(OutputRequest output, ImageContext context)
    {
        var attributes = output.Attributes;
        return output switch
        {
            { Destination: null } => BuildKit.Export.InDaemon(output.Type, attributes),
            { Destination: "-" } => BuildKit.Export.ToStream(output.Type, _ => ValueTask.FromResult(context.OpenOutput()), attributes),
            { Type: "local", Destination: { } folder } => BuildKit.Export.Local(context.At(folder), attributes),
            { Type: "oci", Destination: { } folder } when attributes.GetValueOrDefault("tar") == "false" => BuildKit.Export.OciLayout(context.At(folder), attributes),
            { Type: "oci", Destination: { } file } => BuildKit.Export.OciArchive(context.At(file), attributes),
            { Type: "docker", Destination: { } file } => BuildKit.Export.DockerArchive(context.At(file), attributes),
            { Destination: { } file } => BuildKit.Export.Tar(context.At(file), attributes),
        };
    }

    private static Dictionary<string, string> Folders(IReadOnlyDictionary<string, string> attributes, ImageContext context) =>
        attributes.ToDictionary(a => a.Key, a => a.Key is "src" or "dest" ? context.At(a.Value) : a.Value, StringComparer.Ordinal);

    private static SshAgent Agent(SshRequest ssh, ImageContext context)
    {
        if (ssh.Paths.Count == 0)
        {
            var socket = context.Given("SSH_AUTH_SOCK")
                ?? throw new ImageException($"--ssh {ssh.Id}: SSH_AUTH_SOCK is not set. Start ssh-agent first, or name a key file: --ssh {ssh.Id}=FILE.", ImageExit.Usage);

            // Before the build: a step finds out only when it connects, and most programs keep the reason to themselves.
            return File.Exists(socket) ? SshAgent.FromSocket(socket)
                : throw new ImageException($"--ssh {ssh.Id}: there is no agent at SSH_AUTH_SOCK={socket}. Does ssh-agent still run?", ImageExit.Usage);
        }

        if (ssh.Paths.FirstOrDefault(p => !File.Exists(context.At(p))) is { } missing)
        {
            throw new ImageException($"--ssh {ssh.Id}={missing}: the file does not exist.", ImageExit.Usage);
        }

        try
        {
            return ssh.Paths is [var one] && !LooksLikeKey(context.At(one))
                ? SshAgent.FromSocket(context.At(one))
                : SshAgent.FromPrivateKeys(ssh.Paths.Select(p => File.ReadAllText(context.At(p))));
        }
        catch (FormatException e)
        {
            throw new ImageException($"--ssh {ssh.Id}: {e.Message}", ImageExit.Usage, e);
        }
    }

    // A socket cannot be opened as a file, and is no regular one.
    private static bool LooksLikeKey(string path) => (File.GetAttributes(path) & (FileAttributes.Device | FileAttributes.ReparsePoint)) == 0 && new FileInfo(path).Length > 0;
}
