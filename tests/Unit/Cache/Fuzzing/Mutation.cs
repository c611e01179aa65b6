using System.Buffers.Binary;

namespace PodExecutor.Tests.Unit.Cache.Fuzzing;

/// <summary>Damages bytes in the ways that break readers; the same for the same seed.</summary>
internal sealed class Mutation(int seed)
{
    private static readonly long[] Numbers = [0, 1, -1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue];
    private readonly Random _random = new(seed);

    public byte[] Of(IReadOnlyList<byte[]> seeds)
    {
        var bytes = seeds[_random.Next(seeds.Count)].ToList();
        for (var i = _random.Next(1, 5); i > 0; i--)
        {
            Once(bytes, seeds);
        }

        return [.. bytes];
    }

    private void Once(List<byte> bytes, IReadOnlyList<byte[]> seeds)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)_random.Next(256));
            return;
        }

        var at = _random.Next(bytes.Count);
        var length = Math.Min(bytes.Count - at, 1 << _random.Next(10));
        switch (_random.Next(9))
        {
            case 0 or 1:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 2:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 3 or 4:
                Number(bytes, at);
                break;
            case 5:
                bytes.RemoveRange(at, length);
                break;
            case 6:
                bytes.InsertRange(_random.Next(bytes.Count), bytes.GetRange(at, length));
                break;
            case 7:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                var other = seeds[_random.Next(seeds.Count)];
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other.Skip(_random.Next(other.Length + 1)));
                break;
        }
    }

    private void Number(List<byte> bytes, int at)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, Numbers[_random.Next(Numbers.Length)]);
        var width = 1 << _random.Next(4);
        for (var i = 0; i < width && at + i < bytes.Count; i++)
        {
            bytes[at + i] = number[i];
        }
    }
}
