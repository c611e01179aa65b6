using Google.Protobuf;
using Grpc.Core;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.Session;

namespace PodExecutor.BuildKit.Secrets;

/// <summary>moby.buildkit.secrets.v1.Secrets: asked once for each use. For a secret that is not there a step may go on, if its mount is not required.</summary>
internal sealed class SecretsService(IReadOnlyDictionary<string, SecretSource> secrets)
{
    public async Task GetSecretAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(GetSecretRequest.Parser).ConfigureAwait(false);
        if (!secrets.TryGetValue(request.Id, out var secret))
        {
            throw new SessionFault(StatusCode.NotFound, $"secret {request.Id}: not found");
        }

        byte[] value;
        try
        {
            value = await secret.ReadAsync(call.Cancelled).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BuildKitException($"The secret \"{request.Id}\" cannot be read: {error.Message}", error);
        }

        if (value.Length > SecretSource.MaxSize)
        {
            throw new BuildKitException($"The secret \"{request.Id}\" has {value.Length} bytes; BuildKit takes at most {SecretSource.MaxSize}.");
        }

        await call.SendAsync(new GetSecretResponse { Data = UnsafeByteOperations.UnsafeWrap(value) }).ConfigureAwait(false);
    }
}
