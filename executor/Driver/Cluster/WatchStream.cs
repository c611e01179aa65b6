using System.Text;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// One open watch, line by line. It always ends: the server is told to end it after <see cref="ServerLimit"/>, and if it does not,
/// because its machine or the connection is dead without a word, we do.
/// </summary>
internal sealed class WatchStream : IDisposable
{
    /// <summary>Shorter than the shortest default wait (poll_timeout, 180 s), long enough to cost no request of an ordinary job.</summary>
    public static readonly TimeSpan ServerLimit = TimeSpan.FromSeconds(120);

    /// <summary>For the server's own end to arrive.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    /// <summary>The longest pause between two tries: a watch that ends sooner is as good as one that cannot be opened.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(5);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;
    private readonly TimeProvider _time;
    private readonly long _opened;
    private readonly CancellationTokenSource _watchdog;

    public WatchStream(HttpResponseMessage response, Stream body, TimeProvider time)
    {
        (_response, _reader, _time, _opened) = (response, new StreamReader(body, Encoding.UTF8), time, time.GetTimestamp());
        _watchdog = new CancellationTokenSource(ServerLimit + Slack, time);
    }

    /// <summary>False for a watch that was cut as soon as it was open.</summary>
    public bool HasLasted => _time.GetElapsedTime(_opened) >= Lasting;

    /// <returns>The next line, maybe without its end if the connection was cut; null at the end, whoever has ended it.</returns>
    public async Task<string?> ReadLineAsync(CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _watchdog.Token);
        try
        {
            return await _reader.ReadLineAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
        _watchdog.Dispose();
    }
}
