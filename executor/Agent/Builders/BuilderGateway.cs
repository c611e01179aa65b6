using System.Net.Sockets;
using PodExecutor.Agent.Builders.Choosing;
using PodExecutor.Agent.Builders.Forwarding;
using PodExecutor.Link;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders;

/// <summary>
/// In the helper container: the job's only way to the builders. Addresses and keys came over the link and stay in this process's memory; the build container
/// sees sockets. Every build passes the operator's rules here, whatever client sends it.
/// </summary>
internal sealed class BuilderGateway : IAsyncDisposable
{
    private const UnixFileMode Everyone = (UnixFileMode)0x1B6;
    private const int Backlog = 16;

    private readonly BuilderSockets _sockets;
    private readonly IReadOnlyList<BuilderConnection> _builders;
    private readonly BuilderChooser _chooser;
    private readonly GatewayServer _server;
    private readonly AwayNote _away;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _ending = new();
    private Task _accepting = Task.CompletedTask;

    private BuilderGateway(BuilderSet set, BuilderSockets sockets, TimeProvider time)
    {
        Set = set;
        _sockets = sockets;
        _away = new AwayNote(sockets.Away);
        _builders = [.. set.Builders.Select(b => new BuilderConnection(b, time))];
        _chooser = new BuilderChooser(_builders, set.Policy, time);
        var ways = _builders.Select((builder, index) => (Path: sockets.Builder(index), Builder: builder))
            .ToDictionary(w => w.Path, w => new Func<BuilderFeature>(() => new BuilderFeature(_ => Task.FromResult(w.Builder))), StringComparer.Ordinal);
        ways[sockets.Any] = () => new BuilderFeature(ChooseAnyAsync);
        _server = new GatewayServer(ways);
    }

    /// <summary>What it serves.</summary>
    public BuilderSet Set { get; }

    /// <exception cref="IOException">The sockets cannot be made.</exception>
    public static async Task<BuilderGateway> StartAsync(BuilderSet set, BuilderSockets sockets, TimeProvider time, CancellationToken cancel)
    {
        Directory.CreateDirectory(sockets.Directory);
        var gateway = new BuilderGateway(set, sockets, time);
        await gateway._server.StartAsync(new GatewayApplication(set.Policy, time), cancel);

        // Last, and moved into place: who sees it finds everything else there.
        var fresh = sockets.Choose + ".new";
        File.Delete(fresh);
        gateway._listener.Bind(new UnixDomainSocketEndPoint(fresh));
        gateway._listener.Listen(Backlog);
        File.SetUnixFileMode(fresh, Everyone);
        File.Move(fresh, sockets.Choose, overwrite: true);
        gateway._accepting = gateway.AcceptAsync();
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await _server.DisposeAsync();
        foreach (var builder in _builders)
        {
            builder.Dispose();
        }

        _ending.Dispose();
    }

    private async Task<BuilderConnection> ChooseAnyAsync(CancellationToken cancel)
    {
        var verdict = await _chooser.ChooseAsync(new ChooseBuilder(), _ => Task.CompletedTask, cancel);
        return verdict.Chosen ?? throw new NoBuilderException(verdict.Refused?.Why ?? "There is no builder.");
    }

    private async Task AcceptAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptAsync(_ending.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                await Console.Error.WriteLineAsync($"pod-agent: a connection could not be accepted: {e.Message}");
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        using var reader = new FrameReader<ChooseBuilder>(stream, ChooseBuilder.Parser);
        using var writer = new FrameWriter<BuilderNews>(stream);
        try
        {
            if (await reader.ReadAsync(_ending.Token) is { } wish)
            {
                if (wish.RulesOnly)
                {
                    var rules = new RegistryRules { AllowedRepositories = { Set.Policy.AllowedRepositories }, InsecureRegistries = { Set.Policy.InsecureRegistries } };
                    await writer.WriteAsync(new BuilderNews { Rules = rules }, _ending.Token);
                    return;
                }

                var verdict = await _chooser.ChooseAsync(wish, line => writer.WriteAsync(new BuilderNews { Waiting = line }, _ending.Token), _ending.Token);
                if (verdict.Refused is { Away: true } refused)
                {
                    _away.Tell(refused.Why);
                }

                await writer.WriteAsync(Answer(verdict, wish, await CacheNotesAsync(verdict.Chosen)), _ending.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The command that asked has gone.
        }
#pragma warning disable CA1031 // Nobody awaits this: told here, or never. The connection ends, and with it the command's waiting.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"pod-agent: a request for a builder has failed: {e}");
        }
    }

    /// <summary>Where the build's layers are kept, or why nowhere.</summary>
    private async Task<IReadOnlyList<string>> CacheNotesAsync(BuilderConnection? builder) => Set.Policy switch
    {
        _ when builder is null => [],
        { CacheNote.Length: > 0 } policy => [policy.CacheNote],
        { Cache: { } cache } when await builder.CachesOnS3Async(_ending.Token) =>
            [$"Layers are kept on S3: {(cache.Name.Length > 0 ? $"written as {cache.Name}" : "nothing is written")}, read from {string.Join(", ", cache.Sources.Select(s => s.Name).Distinct())}."],
        { Cache: not null } =>
            [$"The layer cache on S3 is off: the builder {builder.Builder.Name} has none (Docker's own BuildKit, or older than 0.11). A buildkitd of its own has it."],
        _ => [],
    };

    private BuilderNews Answer(ChooserVerdict verdict, ChooseBuilder wish, IReadOnlyList<string> cacheNotes)
    {
        if (verdict.Refused is { } refused)
        {
            return new BuilderNews { Refused = refused };
        }

        if (verdict.Split is { } split)
        {
            split.InsecureRegistries.Add(Set.Policy.InsecureRegistries);
            return new BuilderNews { Split = split };
        }

        var chosen = verdict.Direct is { } direct
            ? new ChosenBuilder { Name = wish.Wanted, Address = direct }
            : new ChosenBuilder { Name = verdict.Chosen!.Builder.Name, Address = "unix://" + _sockets.Builder(_builders.ToList().IndexOf(verdict.Chosen)) };
        chosen.Notes.Add([.. verdict.Notes, .. cacheNotes]);
        return new BuilderNews { Chosen = chosen };
    }
}
