/* Becomes a library as ours must never be, on which the checks of the library for Windows have to find something: it
 * imports one that is no part of Windows, and exports what no header declares and nothing of what the header does. */
#ifdef FOREIGN
__declspec(dllexport) int foreign(void)
{
    return 1;
}
#else
__declspec(dllimport) int foreign(void);

__declspec(dllexport) int rs_planted(void)
{
    return foreign();
}
#endif
