namespace PodExecutor.Driver.Operations.Certificates;

/// <summary>
/// One round over the three Secrets: 1. the CA; 2. the server's certificate; 3. the client's. What is good stays as it is, so a
/// round may be run at any time, by a Job of each installation.
/// </summary>
internal static class CertificateRounds
{
    public static async Task RunAsync(CertificatesRequest request, CertificateStore store, TextWriter output, DateTimeOffset now, CancellationToken cancel)
    {
        // Step 1: a new CA makes both others due, for they are not of it.
        var name = $"{request.Service}-ca";
        var authority = await store.ReadAsync(name, cancel);
        if (authority is null || BuilderCertificates.IsAuthorityDue(authority, now))
        {
            authority = BuilderCertificates.Authority(now);
            await store.WriteAsync(name, authority, authority, cancel);
            await output.WriteLineAsync($"{name}: made");
        }
        else
        {
            await output.WriteLineAsync($"{name}: good");
        }

        // Step 2
        await EnsureAsync($"{request.Service}-server", request.Names, () => BuilderCertificates.Server(authority, request.Names, now));

        // Step 3
        await EnsureAsync($"{request.Service}-client", [], () => BuilderCertificates.Client(authority, "pod-executor", now));

        async Task EnsureAsync(string secret, IReadOnlyList<string> names, Func<CertificatePair> issue)
        {
            var pair = await store.ReadAsync(secret, cancel);
            var due = pair is null || BuilderCertificates.IsDue(pair, authority, names, now);
            if (due)
            {
                await store.WriteAsync(secret, issue(), authority, cancel);
            }

            await output.WriteLineAsync($"{secret}: {(due ? pair is null ? "made" : "made anew: restart who has it mounted" : "good")}");
        }
    }
}
