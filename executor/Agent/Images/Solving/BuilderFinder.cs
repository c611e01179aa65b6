using System.Net.Sockets;
using PodExecutor.BuildKit;
using PodExecutor.Link;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>
/// Finds the builder. In a job's pod the helper container's gateway chooses it; it alone knows addresses and keys. Where there is no gateway, the address on the
/// command line or in BUILDKIT_HOST is dialled.
/// </summary>
internal sealed class BuilderFinder(ImageContext context)
{
    /// <summary>The gateway's socket to ask at; set by the supervisor.</summary>
    public const string GatewayVariable = "POD_EXECUTOR_BUILDERS";

    /// <param name="failed">Builders that went away during this build.</param>
    /// <exception cref="ImageException">There is none, or none that does.</exception>
    public async Task<BuilderAnswer> FindAsync(BuilderWish wish, IReadOnlyCollection<string> failed, CancellationToken cancel)
    {
        if (context.Given(GatewayVariable) is { } socket && File.Exists(socket))
        {
            return await AskAsync(socket, wish, failed, cancel);
        }

        // A name without an address is one that `buildx create` was given: it stands for the builder that is there.
        var host = context.Given("BUILDKIT_HOST");
        var address = (wish.Wanted is { } wanted && (host is null || wanted.Contains("://", StringComparison.Ordinal)) ? wanted : host) ?? throw new ImageException(
            "No builder is known to this job: images are built by BuildKit, and the runner's options name none. "
            + "The operator sets [[builders]] in pod-executor's options file; a job may name one with --buildkit-host tcp://HOST:1234 or BUILDKIT_HOST.");
        if (failed.Count > 0)
        {
            throw new ImageException($"The builder at {address} went away, and there is no other one.", ImageExit.Builder);
        }

        try
        {
            return new BuilderAnswer(new BuilderChoice(BuildKitEndpoint.Parse(address), address, TimeSpan.Zero), null);
        }
        catch (FormatException e)
        {
            throw new ImageException(e.Message, ImageExit.Usage, e);
        }
    }

    /// <summary>For what is done by one builder.</summary>
    /// <exception cref="ImageException">There is none, or none that does.</exception>
    public async Task<BuilderChoice> AnyAsync(BuilderWish wish, CancellationToken cancel) =>
        (await FindAsync(wish with { MaySplit = false }, [], cancel)).Choice ?? throw new InvalidOperationException("a wish that may not be split was answered by a split");

    /// <summary>What the operator lets this job write to registries. Without a gateway there are no rules.</summary>
    /// <exception cref="ImageException">The helper container does not answer.</exception>
    public async Task<RegistryRules> RulesAsync(CancellationToken cancel) => context.Given(GatewayVariable) is { } socket && File.Exists(socket)
        ? (await AskAsync(socket, new ChooseBuilder { RulesOnly = true }, cancel)).Rules ?? new RegistryRules()
        : new RegistryRules();

    private async Task<BuilderAnswer> AskAsync(string socketPath, BuilderWish wish, IReadOnlyCollection<string> failed, CancellationToken cancel)
    {
        var begin = context.Time.GetTimestamp();
        var question = new ChooseBuilder { Affinity = wish.Affinity, Wanted = wish.Wanted ?? "", Platforms = { wish.Platforms }, Failed = { failed }, MaySplit = wish.MaySplit };
        var news = await AskAsync(socketPath, question, cancel);
        return news.NewsCase switch
        {
            BuilderNews.NewsOneofCase.Refused => throw new ImageException(news.Refused.Why, news.Refused.Away ? ImageExit.Builder : ImageExit.Usage),
            BuilderNews.NewsOneofCase.Split => new BuilderAnswer(null, new BuilderSplit([.. news.Split.Groups.Select(g => g.Platforms)], news.Split.InsecureRegistries)),
            _ => new BuilderAnswer(Chosen(news.Chosen, begin), null),
        };
    }

    /// <returns>The last word; what is waited for goes to the log.</returns>
    private async Task<BuilderNews> AskAsync(string socketPath, ChooseBuilder question, CancellationToken cancel)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancel);
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            using var writer = new FrameWriter<ChooseBuilder>(stream);
            using var reader = new FrameReader<BuilderNews>(stream, BuilderNews.Parser);
            await writer.WriteAsync(question, cancel);
            while (await reader.ReadAsync(cancel) is { } news)
            {
                if (news.NewsCase is not (BuilderNews.NewsOneofCase.Waiting or BuilderNews.NewsOneofCase.None))
                {
                    return news;
                }

                await context.Log.WriteLineAsync(news.Waiting);
            }
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new ImageException($"The helper container, which leads to the builders, does not answer: {e.Message}", ImageExit.Builder, e);
        }

        throw new ImageException("The helper container, which leads to the builders, has closed the connection.", ImageExit.Builder);
    }

    private BuilderChoice Chosen(ChosenBuilder chosen, long begin)
    {
        foreach (var note in chosen.Notes)
        {
            context.Log.WriteLine(note);
        }

        return new BuilderChoice(BuildKitEndpoint.Parse(chosen.Address), chosen.Name, context.Time.GetElapsedTime(begin));
    }
}
