using PodExecutor.BuildKit.Auth;
using PodExecutor.BuildKit.Content;
using PodExecutor.BuildKit.Exports;
using PodExecutor.BuildKit.FileSync.Send;
using PodExecutor.BuildKit.Secrets;
using PodExecutor.BuildKit.Ssh;
using PodExecutor.BuildKit.Uploads;

namespace PodExecutor.BuildKit.Session;

/// <summary>What one build lets its daemon ask for: exactly what the request names.</summary>
internal sealed class SessionServices : IAsyncDisposable
{
    private readonly ContentStores _stores;

    private readonly AuthService? _auth;

    public SessionServices(SolveRequest request, BuildKitClientOptions options)
    {
        var fileSync = new FileSyncService(request.LocalDirectories);
        var fileSend = new FileSendService(request.Exports);
        var secrets = new SecretsService(request.Secrets);
        var ssh = new SshService(request.SshAgents);
        var uploads = new UploadService(request.Uploads);
        _stores = new ContentStores(request);
        var content = new ContentService(_stores);
        var handlers = new Dictionary<string, SessionHandler>
        {
            [FileSyncService.Method] = fileSync.DiffCopyAsync,
            [FileSendService.Method] = fileSend.DiffCopyAsync,
            ["/grpc.health.v1.Health/Check"] = HealthService.CheckAsync,
            ["/moby.buildkit.secrets.v1.Secrets/GetSecret"] = secrets.GetSecretAsync,
            ["/moby.sshforward.v1.SSH/CheckAgent"] = ssh.CheckAgentAsync,
            ["/moby.sshforward.v1.SSH/ForwardAgent"] = ssh.ForwardAgentAsync,
            ["/moby.upload.v1.Upload/Pull"] = uploads.PullAsync,
            ["/containerd.services.content.v1.Content/Info"] = content.InfoAsync,
            ["/containerd.services.content.v1.Content/Read"] = content.ReadAsync,
            ["/containerd.services.content.v1.Content/Write"] = content.WriteAsync,
            ["/containerd.services.content.v1.Content/Status"] = ContentService.StatusAsync,
            ["/containerd.services.content.v1.Content/Update"] = content.UpdateAsync,
        };
        if (request.RegistryAuth is { } registryAuth)
        {
            _auth = new AuthService(registryAuth, options);
            handlers["/moby.filesync.v1.Auth/Credentials"] = _auth.CredentialsAsync;
            if (registryAuth.Tokens == RegistryTokens.OnTheClient)
            {
                handlers["/moby.filesync.v1.Auth/GetTokenAuthority"] = _auth.GetTokenAuthorityAsync;
                handlers["/moby.filesync.v1.Auth/VerifyTokenAuthority"] = _auth.VerifyTokenAuthorityAsync;
                handlers["/moby.filesync.v1.Auth/FetchToken"] = _auth.FetchTokenAsync;
            }
        }

        Handlers = handlers;
    }

    /// <summary>By the path of their calls.</summary>
    public IReadOnlyDictionary<string, SessionHandler> Handlers { get; }

    /// <summary>Makes what the daemon has written into layouts visible in their indexes.</summary>
    public Task CompleteAsync(IReadOnlyDictionary<string, string> response, CancellationToken cancellation) => _stores.CompleteAsync(response, cancellation);

    public ValueTask DisposeAsync()
    {
        _auth?.Dispose();
        return ValueTask.CompletedTask;
    }
}
