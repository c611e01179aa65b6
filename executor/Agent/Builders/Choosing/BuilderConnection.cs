using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Transport;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Choosing;

/// <summary>One builder as this pod reaches it. Address and keys end here.</summary>
internal sealed class BuilderConnection : IDisposable
{
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(5);

    private static readonly Method<HistoryRequest, HistoryEvent> History = new(
        MethodType.ServerStreaming, "moby.buildkit.v1.Control", "ListenBuildHistory", Messages.Of(HistoryRequest.Parser), Messages.Of(HistoryEvent.Parser));

    private readonly GrpcChannel _channel;
    private readonly BuildKitClient _client;
    private readonly IReadOnlyList<string> _declared;
    private IReadOnlyList<string>? _platforms;
    private DaemonCapabilities? _abilities;

    public BuilderConnection(Builder builder, TimeProvider time)
    {
        Builder = builder;
        _declared = [.. builder.Platforms];
        var endpoint = BuildKitEndpoint.Parse(builder.Address, Tls(builder));
        var options = new BuildKitClientOptions { ConnectTimeout = ProbePatience, Time = time };
        Forward = new HttpMessageInvoker(ChannelFactory.CreateHandler(endpoint, options));
        Address = ChannelFactory.AddressOf(endpoint);
        _channel = ChannelFactory.Create(endpoint, options);
        _client = new BuildKitClient(endpoint, options);
    }

    public Builder Builder { get; }

    /// <summary>For the jobs' own calls.</summary>
    public HttpMessageInvoker Forward { get; }

    public Uri Address { get; }

    /// <summary>Is it there, and how much does it do?</summary>
    public async Task<BuilderState> ProbeAsync(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(ProbePatience);
        try
        {
            _platforms ??= _declared.Count > 0 ? _declared : [.. (await AbilitiesAsync(patience.Token)).Workers.SelectMany(w => w.Platforms).Distinct()];
            return new BuilderState(null, await ActiveAsync(patience.Token));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new BuilderState($"no answer within {ProbePatience.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is BuildKitException or RpcException)
        {
            return new BuilderState(e is RpcException rpc ? rpc.Status.Detail : e.Message);
        }
    }

    /// <summary>Whether it can keep layers on S3; false also if it does not say.</summary>
    public async Task<bool> CachesOnS3Async(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(ProbePatience);
        try
        {
            return (await AbilitiesAsync(patience.Token)).S3Caches;
        }
        catch (Exception e) when (e is BuildKitException or RpcException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>Known after a probe that was answered; empty before.</summary>
    public IReadOnlyList<string> Platforms => _platforms ?? _declared;

    public bool HasAll(IEnumerable<string> platforms) => Platforms.Count == 0 || platforms.All(p => Platforms.Contains(p));

    /// <summary>Is it meant by this name or address?</summary>
    public bool IsCalled(string wanted) => wanted == Builder.Name || SameAddress(wanted, Builder.Address) || Builder.Aliases.Any(a => SameAddress(wanted, a));

    public void Dispose()
    {
        Forward.Dispose();
        _channel.Dispose();
    }

    // Two calls at once ask twice and get the same.
    private async Task<DaemonCapabilities> AbilitiesAsync(CancellationToken cancel) => _abilities ??= await _client.GetCapabilitiesAsync(cancel);

    private async Task<int> ActiveAsync(CancellationToken cancel)
    {
        try
        {
            using var call = _channel.CreateCallInvoker().AsyncServerStreamingCall(History, null, new CallOptions(cancellationToken: cancel), new HistoryRequest { ActiveOnly = true, EarlyExit = true });
            var active = 0;
            while (await call.ResponseStream.MoveNext(cancel))
            {
                active += call.ResponseStream.Current.Type == 0 ? 1 : 0;
            }

            return active;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented)
        {
            return 0;
        }
    }

    private static bool SameAddress(string a, string b) => a.TrimEnd('/').Equals(b.TrimEnd('/'), StringComparison.OrdinalIgnoreCase);

    private static TlsClientOptions? Tls(Builder builder)
    {
        if (builder is { Authorities: "", Certificate: "", ServerName: "" })
        {
            return null;
        }

        X509Certificate2Collection? authorities = null;
        if (builder.Authorities.Length > 0)
        {
            authorities = [];
            authorities.ImportFromPem(builder.Authorities);
        }

        return new TlsClientOptions
        {
            Authorities = authorities,
            ClientCertificate = builder.Certificate.Length == 0 ? null : X509Certificate2.CreateFromPem(builder.Certificate, builder.Key),
            ClientIntermediates = builder.Certificate.Length == 0 ? null : TlsClientOptions.IntermediatesOf(builder.Certificate),
            ServerName = builder.ServerName.Length == 0 ? null : builder.ServerName,
        };
    }
}
