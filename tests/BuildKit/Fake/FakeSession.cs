using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>The daemon's side of one session: calls the client's services.</summary>
internal sealed class FakeSession : IAsyncDisposable
{
    private readonly SessionCall _call;

    private readonly DuplexStream _near;

    private readonly DuplexStream _far;

    private readonly GrpcChannel _channel;

    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FakeSession(SessionCall call)
    {
        _call = call;
        (_near, _far) = DuplexStream.Pair();
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(_near) },
            MaxReceiveMessageSize = null,
        });
        Id = call.FirstMetadata(SessionProtocol.IdHeader)!;
        SharedKey = call.FirstMetadata(SessionProtocol.SharedKeyHeader)!;
        Methods = call.Metadata(SessionProtocol.MethodHeader);
    }

    public string Id { get; }

    public string SharedKey { get; }

    /// <summary>Each field that came, by itself.</summary>
    public IReadOnlyList<string> Methods { get; }

    /// <summary>The daemon ends the session, not the build.</summary>
    public void Close() => _closed.TrySetResult();

    /// <summary>Moves bytes until either side ends.</summary>
    public async Task RunAsync()
    {
        await _call.StartAsync();
        await Task.WhenAny(DownAsync(), UpAsync(), _closed.Task);
    }

    public async Task<TResponse> CallAsync<TResponse>(string path, IMessage request, MessageParser<TResponse> parser, Metadata? metadata = null)
        where TResponse : class, IMessage<TResponse> =>
        await Invoker(path, MethodType.Unary, parser, out var method).AsyncUnaryCall(method, null, new CallOptions(metadata), request);

    public AsyncDuplexStreamingCall<IMessage, TResponse> Open<TResponse>(string path, MessageParser<TResponse> parser, Metadata metadata, CancellationToken cancellation)
        where TResponse : class, IMessage<TResponse> =>
        Invoker(path, MethodType.DuplexStreaming, parser, out var method)
            .AsyncDuplexStreamingCall(method, null, new CallOptions(metadata, cancellationToken: cancellation));

    /// <summary>Begins to ask for a folder.</summary>
    public AsyncDuplexStreamingCall<IMessage, Packet> DiffCopy(CancellationToken cancellation, params IEnumerable<(string Key, string Value)> metadata)
    {
        var headers = new Metadata();
        foreach (var (key, value) in metadata)
        {
            headers.Add(key, value);
        }

        return Open("/moby.filesync.v1.FileSync/DiffCopy", Packet.Parser, headers, cancellation);
    }

    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        _near.Dispose();
        _far.Dispose();
        return ValueTask.CompletedTask;
    }

    private CallInvoker Invoker<TResponse>(string path, MethodType type, MessageParser<TResponse> parser, out Method<IMessage, TResponse> method)
        where TResponse : class, IMessage<TResponse>
    {
        var parts = path.Split('/');
        method = new Method<IMessage, TResponse>(
            type, parts[1], parts[2],
            Marshallers.Create<IMessage>(message => message.ToByteArray(), _ => throw new NotSupportedException()),
            Marshallers.Create(message => message.ToByteArray(), parser.ParseFrom));
        return _channel.CreateCallInvoker();
    }

    private async Task DownAsync()
    {
        while (await ByteMessages.ReadAsync(_call) is { } data)
        {
            using (data)
            {
                Assert.NotEqual(0, data.Memory.Length);   // a real daemon does not like them
                await _far.Output.WriteAsync(data.Memory);
            }
        }
    }

    private Task UpAsync() => ByteMessages.SendAllAsync(_call, _far.Input.AsStream());
}
