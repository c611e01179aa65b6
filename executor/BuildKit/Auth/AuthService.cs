using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Org.BouncyCastle.Math.EC.Rfc8032;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.Session;

namespace PodExecutor.BuildKit.Auth;

/// <summary>
/// moby.filesync.v1.Auth. With tokens on the client, the daemon gets a public key in the place of a password, asks for tokens by scope, and may use a token for
/// another session only if that session can sign with the same key.
/// </summary>
internal sealed class AuthService(IRegistryAuth auth, BuildKitClientOptions options) : IDisposable
{
    private readonly TokenServer _tokens = new(options);

    /// <summary>Of this build alone: nobody can try passwords against the public key.</summary>
    private readonly byte[] _seed = RandomNumberGenerator.GetBytes(32);

    public async Task CredentialsAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(CredentialsRequest.Parser).ConfigureAwait(false);
        var login = await auth.GetCredentialAsync(request.Host, call.Cancelled).ConfigureAwait(false);
        await call.SendAsync(new CredentialsResponse { Username = login?.UserName ?? "", Secret = login?.Secret ?? "" }).ConfigureAwait(false);
    }

    public async Task GetTokenAuthorityAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(GetTokenAuthorityRequest.Parser).ConfigureAwait(false);
        var key = await KeyAsync(request.Host, request.Salt, call.Cancelled).ConfigureAwait(false);
        var publicKey = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(key, 0, publicKey, 0);
        await call.SendAsync(new GetTokenAuthorityResponse { PublicKey = ByteString.CopyFrom(publicKey) }).ConfigureAwait(false);
    }

    public async Task VerifyTokenAuthorityAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(VerifyTokenAuthorityRequest.Parser).ConfigureAwait(false);
        var key = await KeyAsync(request.Host, request.Salt, call.Cancelled).ConfigureAwait(false);
        var payload = request.Payload.ToByteArray();
        var signed = new byte[Ed25519.SignatureSize + payload.Length];
        Ed25519.Sign(key, 0, payload, 0, payload.Length, signed, 0);
        payload.CopyTo(signed, Ed25519.SignatureSize);
        await call.SendAsync(new VerifyTokenAuthorityResponse { Signed = ByteString.CopyFrom(signed) }).ConfigureAwait(false);
    }

    public async Task FetchTokenAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(FetchTokenRequest.Parser).ConfigureAwait(false);
        var login = await auth.GetCredentialAsync(request.Host, call.Cancelled).ConfigureAwait(false);
        var token = await _tokens.FetchAsync(request, login, call.Cancelled).ConfigureAwait(false);
        await call.SendAsync(token).ConfigureAwait(false);
    }

    public void Dispose() => _tokens.Dispose();

    /// <summary>A private key for one registry and one salt of the daemon. Without a login there is nothing to keep: the daemon then asks by itself.</summary>
    private async ValueTask<byte[]> KeyAsync(string host, ByteString salt, CancellationToken cancellation)
    {
        if (await auth.GetCredentialAsync(host, cancellation).ConfigureAwait(false) is null)
        {
            throw new SessionFault(StatusCode.Unavailable, $"no login for {host}");
        }

        return HMACSHA256.HashData(salt.Span, [.. _seed, .. Encoding.UTF8.GetBytes(host)]);
    }
}
