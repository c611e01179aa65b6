using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.Driver.Builders;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>Whether the builders' keys are usable and their addresses answer, as far as this machine can tell: it is the pods that will dial them.</summary>
internal static class BuildersCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SoonExpired = TimeSpan.FromDays(30);

    public static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        var options = context.Options!;
        if (options.Builders.Count == 0)
        {
            return [Finding.Note("no builders are named", "jobs cannot build images unless they name a builder themselves", "Add [[builders]] to the options file (docs/images.md).")];
        }

        // Unusable files come out of this as failures, which doctor shows.
        BuilderSetup.Builders(options);
        var findings = new List<Finding>();
        foreach (var builder in options.Builders)
        {
            findings.AddRange(Expiry(builder, context.Time.GetUtcNow()));
            findings.Add(await DialAsync(builder, cancel));
        }

        return findings;
    }

    private static IEnumerable<Finding> Expiry(BuilderOptions builder, DateTimeOffset now)
    {
        if (builder.CertFile is null)
        {
            yield break;
        }

        using var certificate = X509Certificate2.CreateFromPemFile(builder.CertFile, builder.KeyFile);
        var left = certificate.NotAfter.ToUniversalTime() - now.UtcDateTime;
        if (left < SoonExpired)
        {
            yield return left < TimeSpan.Zero
                ? Finding.Warning($"the certificate for {builder.Name} has expired", $"{builder.CertFile}: valid until {certificate.NotAfter:u}", "Renew it: no image is built there.")
                : Finding.Warning($"the certificate for {builder.Name} expires in {left.TotalDays:0} days", builder.CertFile, "Renew it.");
        }
    }

    private static async Task<Finding> DialAsync(BuilderOptions builder, CancellationToken cancel)
    {
        var address = builder.Address.StartsWith("docker+", StringComparison.Ordinal) ? builder.Address["docker+".Length..] : builder.Address;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != "tcp")
        {
            return Finding.Note($"{builder.Name}: {builder.Address} is not dialled from here", "it is a socket of the helper container");
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(uri.Host, uri.Port, patience.Token);
            return Finding.Ok($"{builder.Name} answers at {builder.Address}");
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return Finding.Note(
                $"{builder.Name} is not reached at {builder.Address} from this machine", e is SocketException ? e.Message : $"no answer within {Patience.TotalSeconds:0} s",
                "That is right if only pods reach it; `docker info` in a job shows whether they do.");
        }
    }
}
